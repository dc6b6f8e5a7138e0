//! From the manifest of a version to the version that decisions look at.

use super::terms;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::{Bilingual, Column, ColumnType, File, Table, Twin, Version, VersionState};
use mudeung_core::id::{FileId, VersionId};
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use mudeung_wire::manifest::{self as wire, MANIFEST_FORMAT, Manifest, ManifestColumn, ManifestTable};
use std::collections::BTreeSet;

/// What is wrong with a manifest, and where.
pub(super) struct Problem(pub(super) String);

/// The version that a manifest describes.
pub(super) fn version(manifest: &Manifest, id: VersionId, state: VersionState) -> Result<Version, Problem> {
    if manifest.format != MANIFEST_FORMAT {
        return Err(Problem(format!("the manifest has the unknown format {}", manifest.format)));
    }
    if manifest.version == 0 {
        return Err(Problem("versions count from 1".to_owned()));
    }
    let tier = Tier::parse(&manifest.tier).ok_or_else(|| Problem(format!("unknown tier `{}`", manifest.tier)))?;
    let tables = manifest.tables.iter().map(|it| table(it, twin(manifest, it)?)).collect::<Result<Vec<_>, _>>()?;
    let names: BTreeSet<&Name> = tables.iter().map(|table| &table.name).collect();
    if names.len() != tables.len() {
        return Err(Problem("two tables have the same name".to_owned()));
    }
    let terms = manifest.uses.as_ref().map(terms::read).transpose();
    let terms = terms.map_err(|error| Problem(format!("use: {error}")))?.unwrap_or_default();
    let created = manifest.created_at.parse::<jiff::Timestamp>();
    let created = created.map_err(|error| Problem(format!("created_at `{}`: {error}", manifest.created_at)))?;
    Ok(Version {
        id,
        dataset: name(&manifest.dataset)?,
        tier,
        number: manifest.version,
        tables,
        generator: manifest.generator.is_some(),
        terms,
        state,
        created_at: Timestamp::from_micros(created.as_microsecond()),
    })
}

/// What was promised about a table. Only what is drawn from a generator can be a twin.
fn twin(manifest: &Manifest, table: &ManifestTable) -> Result<Option<Twin>, Problem> {
    let mut twins = manifest.twins.iter().filter(|twin| twin.table == table.name);
    let twin = twins.next();
    if twins.next().is_some() || (twin.is_some() && manifest.generator.is_none()) {
        return Err(Problem(format!("table `{}`: has two twins, or one and no generator", table.name)));
    }
    let Some(twin) = twin else { return Ok(None) };
    let has_budget = |wanted: &String| manifest.twins.iter().any(|it| it.table == *wanted && it.with.is_none());
    if twin.with.as_ref().is_some_and(|with| !has_budget(with) || twin.rho_units > 0) {
        return Err(Problem(format!("table `{}`: shares the budget of a twin that is not there", table.name)));
    }
    let with = twin.with.as_deref().map(name).transpose()?;
    Ok(Some(Twin { mechanism: twin.mechanism.clone(), epsilon: twin.epsilon, delta: twin.delta, with }))
}

fn table(table: &ManifestTable, twin: Option<Twin>) -> Result<Table, Problem> {
    let place = |problem: Problem| Problem(format!("table `{}`: {}", table.name, problem.0));
    let columns = table.columns.iter().map(column).collect::<Result<Vec<_>, _>>().map_err(place)?;
    let distinct: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    if distinct.len() != columns.len() {
        return Err(place(Problem("two columns have the same name".to_owned())));
    }
    let files = table.files.iter().map(file).collect::<Result<Vec<_>, _>>().map_err(place)?;
    let person = table.person.clone();
    if person.as_ref().is_some_and(|person| !distinct.contains(person.as_str())) {
        return Err(place(Problem("the person column is not one of its columns".to_owned())));
    }
    let (name, description) = (name(&table.name)?, bilingual(&table.description));
    Ok(Table { name, description, rows: table.rows, person, twin, columns, files })
}

fn column(column: &ManifestColumn) -> Result<Column, Problem> {
    let unknown = || Problem(format!("column `{}`: unknown type `{}`", column.name, column.kind));
    Ok(Column {
        name: column.name.clone(),
        kind: ColumnType::parse(&column.kind).ok_or_else(unknown)?,
        nullable: column.nullable,
        description: bilingual(&column.description),
        unit: column.unit.clone(),
        deidentification: column.deidentification.as_ref().map(bilingual),
    })
}

fn file(file: &wire::ManifestFile) -> Result<File, Problem> {
    let id = FileId::parse(&file.id).map_err(|error| Problem(format!("file `{}`: {error}", file.name)))?;
    Ok(File { id, name: file.name.clone(), size_bytes: file.size_bytes, sha256: file.sha256.clone(), rows: file.rows })
}

fn name(text: &str) -> Result<Name, Problem> {
    Name::parse(text).map_err(|error| Problem(format!("`{text}`: {error}")))
}

fn bilingual(text: &wire::Bilingual) -> Bilingual {
    Bilingual { ko: text.ko.clone(), en: text.en.clone() }
}
