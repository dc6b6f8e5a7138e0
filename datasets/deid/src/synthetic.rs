//! The synthetic tier of a definition: the same tables and columns as the de-identified one, drawn from the generator.

use crate::build::{Built, Progress, Step, dataset_name, empty_manifest, manifest_table, next_number};
use crate::definition::{Definition, TableSpec, hex_sha256};
use crate::error::{CurateError, Problem};
use crate::output;
use crate::stage::Deidentified;
use arrow::datatypes::SchemaRef;
use mudeung_core::clock::Timestamp;
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use mudeung_engine::layout::{FileStatistics, arrow_schema};
use mudeung_engine::store::VersionWriter;
use mudeung_synth::{Amount, Generator};
use mudeung_wire::manifest::{Manifest, ManifestColumn};
use std::io::{BufWriter, Write};
use std::path::Path;

/// What a synthetic version is built from.
pub struct BuildSynthetic<'a> {
    /// The definition's folder.
    pub definition_dir: &'a Path,
    /// Persons to generate; the definition's own number when absent.
    pub persons: Option<u64>,
    /// The seed; the definition's own when absent.
    pub seed: Option<u64>,
    /// The object store.
    pub store_root: &'a Path,
    /// The version's number; the next free one when absent.
    pub number: Option<u32>,
    /// When the version is said to be built.
    pub created_at: Timestamp,
    /// Told about each step.
    pub progress: &'a mut dyn FnMut(Progress<'_>),
}

/// Builds the synthetic version of a definition. The same generator, seed and number of persons give the same bytes.
pub fn build_synthetic(build: BuildSynthetic<'_>) -> Result<Built, CurateError> {
    let definition = crate::build::check(build.definition_dir)?;
    let generator = generator(&definition)?;
    let sha256 = definition.generator.as_ref().map(|generator| generator.sha256.clone()).unwrap_or_default();
    let text = definition.generator.as_ref().map(|generator| generator.value.clone()).unwrap_or_default();
    let size = definition.dataset.synthetic;
    let persons = build.persons.or(size.map(|size| size.persons)).unwrap_or(1_000);
    let seed = build.seed.or(size.map(|size| size.seed)).unwrap_or(1);
    let name = dataset_name(&definition)?;
    let number = next_number(build.store_root, &name, Tier::Synthetic, build.number)?;
    let version = VersionWriter::create(build.store_root, &name, Tier::Synthetic, number).map_err(output::failed)?;
    let mut tables = Vec::new();
    for (spec, columns) in generated_tables(&definition)? {
        let schema = schema_of(&spec.name, &columns)?;
        let mut rows = 0;
        let batches = generator.generate(&spec.name, Amount::Persons(persons), seed)?.map(|batch| {
            let batch = batch?;
            rows += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
            (build.progress)(Progress { step: Step::Generate, table: &spec.name, rows });
            Ok(Deidentified::vouch(batch))
        });
        let table = Name::parse(&spec.name).map_err(|error| output::internal(&spec.name, error))?;
        let files = output::write(&version, &table, &schema, FileStatistics::Publish, batches)?;
        let person = definition.person_column(&spec);
        tables.push(manifest_table(&spec, columns, files, 0, person));
    }
    let manifest = Manifest {
        input_sha256: hex_sha256(format!("{sha256}\nseed {seed}\npersons {persons}\n").as_bytes()),
        recipe_sha256: sha256,
        tables,
        generator: Some(version.generator(&text).map_err(output::failed)?),
        ..empty_manifest(&definition, Tier::Synthetic, number, build.created_at)
    };
    let folder = version.finish(&manifest).map_err(output::failed)?;
    Ok(Built { manifest, report: None, folder })
}

/// Which persons become FHIR bundles.
pub struct Bundles<'a> {
    /// The definition's folder.
    pub definition_dir: &'a Path,
    /// Persons to generate.
    pub persons: u64,
    /// The seed; the definition's own when absent.
    pub seed: Option<u64>,
}

/// Writes one FHIR bundle a line, of the same persons as the tables have; gives the dataset's name.
pub fn write_bundles(wanted: Bundles<'_>, to: &mut impl Write) -> Result<String, CurateError> {
    let definition = crate::build::check(wanted.definition_dir)?;
    let generator = generator(&definition)?;
    let seed = wanted.seed.or(definition.dataset.synthetic.map(|size| size.seed)).unwrap_or(1);
    let Some(bundles) = generator.bundles(0..wanted.persons, seed) else {
        let reason = ("FHIR 묶음을 만들지 못합니다.".to_owned(), "makes no FHIR bundles.".to_owned());
        let mend = ("표로 만드십시오.".to_owned(), "Make tables of it.".to_owned());
        return Err(CurateError::Definition(vec![Problem::new("generator.toml", reason, mend)]));
    };
    let failed = |error: std::io::Error| CurateError::Write(error.to_string());
    let mut to = BufWriter::new(to);
    for bundle in bundles {
        writeln!(to, "{bundle}").map_err(failed)?;
    }
    to.flush().map_err(failed)?;
    Ok(definition.dataset.name)
}

/// The definition's generator, bound to the tables it shall make.
pub fn generator(definition: &Definition) -> Result<Generator, CurateError> {
    let Some(text) = &definition.generator else {
        let reason = ("파일이 없습니다.".to_owned(), "no such file.".to_owned());
        let mend =
            ("합성 단계를 만들려면 작성하십시오.".to_owned(), "Write one to build the synthetic tier.".to_owned());
        return Err(CurateError::Definition(vec![Problem::new("generator.toml", reason, mend)]));
    };
    let schemas: Result<Vec<(String, SchemaRef)>, CurateError> = generated_tables(definition)?
        .into_iter()
        .map(|(spec, columns)| Ok((spec.name.clone(), schema_of(&spec.name, &columns)?)))
        .collect();
    Ok(Generator::parse(&text.value, &schemas?)?)
}

/// The tables of the synthetic tier: those of the de-identified one, or of the schema when there is no recipe.
fn generated_tables(definition: &Definition) -> Result<Vec<(TableSpec, Vec<ManifestColumn>)>, CurateError> {
    let plain = |columns: Vec<ManifestColumn>| -> Vec<ManifestColumn> {
        columns.into_iter().map(|column| ManifestColumn { deidentification: None, ..column }).collect()
    };
    if definition.recipe.is_some() {
        let plan = definition.plan()?;
        return Ok(plan.tables.into_iter().map(|table| (table.spec.clone(), plain(table.released()))).collect());
    }
    definition.check()?;
    let columns = |table: &TableSpec| {
        let column = |column: &crate::definition::ColumnSpec| ManifestColumn {
            name: column.name.clone(),
            kind: column.kind.clone(),
            nullable: column.nullable,
            description: column.description.clone(),
            unit: column.unit.clone(),
            deidentification: None,
        };
        table.columns.iter().map(column).collect()
    };
    Ok(definition.schema.tables.iter().map(|table| (table.clone(), columns(table))).collect())
}

fn schema_of(table: &str, columns: &[ManifestColumn]) -> Result<SchemaRef, CurateError> {
    arrow_schema(columns).map_err(|error| output::internal(table, error))
}
