//! A definition: the folder that says what a dataset is, how it is de-identified and how its synthetic twin is made.

use crate::error::CurateError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod dataset;
mod events;
mod images;
mod linkage;
mod plan;
mod recipe;
mod schema;

pub use dataset::{DatasetFile, SyntheticSize};
pub use events::EventRule;
pub use linkage::LinkageRule;
pub use plan::{ColumnPlan, Plan, TablePlan};
pub use recipe::{
    ClosenessDistance, ColumnRule, HistoryRule, LDiversity, LDiversityKind, Person, Population, Preset, Privacy,
    RECIPE_SCHEMA, Recipe, RejectRule, Release, Role, Statistics, TCloseness, TableRule, TwinRule,
};
pub use schema::{ColumnSpec, Quote, SchemaFile, TableSpec, TextEncoding};

/// A definition whose files are read and, each for itself, well formed. [`Definition::plan`] checks them together.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its folder.
    pub folder: PathBuf,
    /// `dataset.toml`.
    pub dataset: DatasetFile,
    /// `schema.toml`.
    pub schema: SchemaFile,
    /// `recipe.toml`; a dataset without one has no de-identified tier.
    pub recipe: Option<Hashed<Recipe>>,
    /// The tables of hierarchies that the recipe names, by file.
    pub hierarchies: BTreeMap<String, String>,
    /// The recipes of other releases that the recipe names, by file.
    pub others: BTreeMap<String, Recipe>,
    /// `generator.toml`; a dataset without one has no synthetic tier.
    pub generator: Option<Hashed<String>>,
}

/// What a file says, and the SHA-256 of its bytes in lower-case hexadecimal.
#[derive(Debug, Clone)]
pub struct Hashed<T> {
    /// What it says.
    pub value: T,
    /// The hash of its bytes.
    pub sha256: String,
}

impl Definition {
    /// Reads the folder.
    pub fn load(folder: &Path) -> Result<Self, CurateError> {
        let (mut hierarchies, mut others) = (BTreeMap::new(), BTreeMap::new());
        let recipe = match read(&folder.join("recipe.toml"))? {
            Some(text) => {
                let recipe: Recipe = parse(folder, "recipe.toml", &text)?;
                read_hierarchies(folder, &recipe, &mut hierarchies)?;
                let mut whole = text;
                for file in recipe.linkage.iter().flat_map(|linkage| &linkage.recipes) {
                    let Some(text) = read_beside(folder, file)? else { continue };
                    let other: Recipe = parse(folder, file, &text)?;
                    read_hierarchies(folder, &other, &mut hierarchies)?;
                    others.insert(file.clone(), other);
                    whole.push_str(&text);
                }
                let whole = hierarchies.values().fold(whole, |whole, table| whole + table);
                Some(Hashed { sha256: hex_sha256(whole.as_bytes()), value: recipe })
            }
            None => None,
        };
        let generator = read(&folder.join("generator.toml"))?
            .map(|text| Hashed { sha256: hex_sha256(text.as_bytes()), value: text });
        Ok(Self {
            folder: folder.to_owned(),
            dataset: required(folder, "dataset.toml")?,
            schema: required(folder, "schema.toml")?,
            recipe,
            hierarchies,
            others,
            generator,
        })
    }

    /// The folder of raw files that stands in the definition, when the data's licence allows it to.
    pub fn bundled_input(&self) -> Option<PathBuf> {
        let folder = self.folder.join("data");
        folder.is_dir().then_some(folder)
    }

    /// The column of a table that names the person.
    pub fn person_column<'d>(&'d self, table: &'d TableSpec) -> Option<&'d str> {
        let person = self.recipe.as_ref().map(|recipe| &recipe.value.person);
        let own = person.filter(|person| person.table == table.name).map(|person| person.id.as_str());
        table.person.as_deref().or(own)
    }

    /// The definition with the recipe of another release in place of its own, as far as a release is made by it.
    pub(crate) fn other(&self, file: &str) -> Option<Self> {
        let theirs = self.others.get(file)?.clone();
        let value = Recipe { linkage: None, twin: BTreeMap::new(), ..theirs };
        let recipe = Some(Hashed { value, sha256: String::new() });
        Some(Self { recipe, others: BTreeMap::new(), ..self.clone() })
    }

    /// Checks `dataset.toml` and `schema.toml` alone; enough for a dataset that is only generated.
    pub fn check(&self) -> Result<(), CurateError> {
        plan::check(self).map_err(CurateError::Definition)
    }

    /// Checks the files against each other and says what happens to each column; every problem at once.
    pub fn plan(&self) -> Result<Plan, CurateError> {
        plan::plan(self).map_err(CurateError::Definition)
    }
}

/// The columns of a hierarchy's file, the values first; nothing when there is no such hierarchy.
pub(crate) fn hierarchy_table(definition: &Definition, file: &str) -> Option<Vec<Vec<String>>> {
    crate::transform::read_table(file, &definition.hierarchies).ok()
}

/// Reads the tables that a recipe names. What is not there, or has no name of a file in this folder, is refused with its
/// column.
fn read_hierarchies(
    folder: &Path,
    recipe: &Recipe,
    hierarchies: &mut BTreeMap<String, String>,
) -> Result<(), CurateError> {
    for file in recipe.hierarchies() {
        if let Some(table) = read_beside(folder, file)? {
            hierarchies.insert(file.to_owned(), table);
        }
    }
    Ok(())
}

fn read_beside(folder: &Path, file: &str) -> Result<Option<String>, CurateError> {
    if is_plain(file) { read(&folder.join(file)) } else { Ok(None) }
}

/// Whether a name is that of a file in the folder itself.
fn is_plain(file: &str) -> bool {
    let mut parts = Path::new(file).components();
    matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(_)), None))
}

fn required<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T, CurateError> {
    let path = folder.join(name);
    match read(&path)? {
        Some(text) => parse(folder, name, &text),
        None => Err(CurateError::Unreadable { path, reason: "no such file; a definition needs one".to_owned() }),
    }
}

fn read(path: &Path) -> Result<Option<String>, CurateError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CurateError::Unreadable { path: path.to_owned(), reason: error.to_string() }),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(folder: &Path, name: &str, text: &str) -> Result<T, CurateError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        CurateError::Syntax {
            path: folder.join(name),
            line: before.matches('\n').count() + 1,
            message: error.message().to_owned(),
        }
    })
}

/// The SHA-256 of bytes in lower-case hexadecimal.
pub(crate) fn hex_sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
