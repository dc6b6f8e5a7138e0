//! The JSON Schema of recipes knows the keys that recipes have, no more and no fewer; `deploy/e2e/test_risk.py` holds the
//! bundled recipes against it with another's validator.

use crate::fixture::{RECIPE, Ward};
use mudeung_deid::definition::RECIPE_SCHEMA;
use serde_json::Value;
use std::collections::BTreeSet;

/// The keys that a section takes, as the refusal of a recipe with one that it does not take names them.
fn taken(recipe: &str) -> BTreeSet<String> {
    let ward = Ward::new();
    ward.define("recipe.toml", recipe);
    let told = ward.build().unwrap_err().to_string();
    let (_, expected) = told.split_once("`nonsense`, expected").unwrap_or_else(|| panic!("{told}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn properties(schema: &Value, place: &str) -> BTreeSet<String> {
    let properties = schema.pointer(place).and_then(Value::as_object).unwrap_or_else(|| panic!("{place}"));
    properties.keys().cloned().collect()
}

#[test]
fn the_schema_has_the_keys_of_every_section_and_no_other() {
    let schema: Value = serde_json::from_str(RECIPE_SCHEMA).unwrap();
    for (section, place) in [
        ("[release]", "/properties/release/properties"),
        ("[person]", "/properties/person/properties"),
        ("[privacy]", "/properties/privacy/properties"),
    ] {
        let keys = taken(&RECIPE.replacen(section, &format!("{section}\nnonsense = 1"), 1));
        assert_eq!(keys, properties(&schema, place), "{section}");
    }
    for (section, place) in [
        ("[events.visit]", "/$defs/event/properties"),
        ("[twin.patient]", "/$defs/twin/properties"),
        ("[tables.visit]", "/$defs/table/properties"),
        ("[population]", "/properties/population/properties"),
        ("[linkage]", "/properties/linkage/properties"),
        ("[rejects]", "/properties/rejects/properties"),
        ("[privacy.l_diversity]", "/properties/privacy/properties/l_diversity/properties"),
        ("[privacy.t_closeness]", "/properties/privacy/properties/t_closeness/properties"),
    ] {
        let keys = taken(&format!("{RECIPE}\n{section}\nnonsense = 1\n"));
        assert_eq!(keys, properties(&schema, place), "{section}");
    }
    let column = taken(&RECIPE.replacen("age = {", "age = { nonsense = 1,", 1));
    assert_eq!(column, properties(&schema, "/$defs/column/properties"));
    assert_eq!(taken(&format!("nonsense = 1\n{RECIPE}")), properties(&schema, "/properties"));
}
