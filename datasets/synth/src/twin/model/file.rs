//! The file of a model: text that everybody can read and check, of one version.

use super::Model;
use crate::twin::TwinError;
use crate::twin::accountant::Rho;
use crate::twin::cohort::{CohortFile, CohortModel};
use crate::twin::curator::Measured;
use crate::twin::domain::Domain;
use crate::twin::noise::Variance;
use crate::twin::pgm::{Fit, Set, model_cells};
use crate::twin::policy::{TwinPolicy, syntax};
use crate::twin::released::{Merged, Released};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// What a generator calls itself that draws from models.
pub const PROGRAM: &str = "twins";
/// Bytes of a file, at most.
pub(crate) const BYTES_MAX: usize = 64 << 20;
/// Cells of all cliques together, at most.
const CELLS_MAX: usize = 1 << 26;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    version: u32,
    /// The privacy loss that was spent, in units of 2^-50.
    rho_units: u64,
    /// The number of rows, with noise.
    rows: f64,
    policy: TwinPolicy,
    fields: Vec<FieldPart>,
    merged: Vec<MergedPart>,
    measured: Vec<MeasuredPart>,
    potentials: Vec<PotentialPart>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldPart {
    name: String,
    data_type: String,
    nullable: bool,
}

/// Codes of a column that are one code in the model.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MergedPart {
    column: usize,
    rare: Vec<u16>,
}

/// Noisy counts; the last column is the fastest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasuredPart {
    columns: Vec<usize>,
    /// In units of 2^-10.
    variance_units: u64,
    counts: Vec<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PotentialPart {
    columns: Vec<usize>,
    values: Vec<f64>,
}

/// The models that a dataset is drawn from.
#[derive(Debug)]
pub enum Twins {
    /// One of the table of persons, which is all there is.
    Table {
        /// Its name.
        table: String,
        /// Its model.
        model: Box<Model>,
    },
    /// One of persons with all tables of their events.
    Cohort(Box<CohortModel>),
}

/// What is written down of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Collection {
    /// [`PROGRAM`].
    program: String,
    /// The version of this format.
    version: u32,
    /// What makes rows says that they are not real.
    simulated: bool,
    /// The model of the table of persons where there is no other.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tables: BTreeMap<String, File>,
    /// The model of persons and their events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cohort: Option<Box<CohortFile>>,
}

impl Twins {
    /// Writes the models down.
    pub fn to_text(&self) -> Result<String, TwinError> {
        let (tables, cohort) = match self {
            Self::Table { table, model } => (BTreeMap::from([(table.clone(), model.to_file())]), None),
            Self::Cohort(model) => (BTreeMap::new(), Some(Box::new(model.to_file()))),
        };
        let collection = Collection { program: PROGRAM.to_owned(), version: VERSION, simulated: true, tables, cohort };
        let text = toml::to_string(&collection).map_err(|error| refuse(&error.to_string()))?;
        if text.len() > BYTES_MAX { Err(refuse("is larger than 64 MiB")) } else { Ok(text) }
    }

    /// Reads the models, and refuses what is not whole.
    pub fn parse(text: &str) -> Result<Self, TwinError> {
        let Collection { program, version, simulated, mut tables, cohort } = parse(text)?;
        if program != PROGRAM || version != VERSION || !simulated {
            return Err(refuse("is no collection of twins of version 1 that says simulated = true"));
        }
        match (tables.pop_first(), tables.is_empty(), cohort) {
            (Some((table, file)), true, None) => Ok(Self::Table { table, model: Box::new(Model::from_file(file)?) }),
            (None, true, Some(file)) => Ok(Self::Cohort(Box::new(CohortModel::from_file(*file)?))),
            _ => Err(refuse("must be of one table of persons, or of persons and their events")),
        }
    }

    /// The tables that are drawn, with their schemas; that of persons first.
    pub fn tables(&self) -> Vec<(&str, &SchemaRef)> {
        match self {
            Self::Table { table, model } => vec![(table, model.domain().schema())],
            Self::Cohort(model) => model.domain().tables().collect(),
        }
    }

    /// The number of persons, with noise.
    pub fn estimated_persons(&self) -> u64 {
        match self {
            Self::Table { model, .. } => model.estimated_rows(),
            Self::Cohort(model) => model.estimated_persons(),
        }
    }

    /// The privacy loss that was spent.
    pub fn spent(&self) -> Rho {
        match self {
            Self::Table { model, .. } => model.spent(),
            Self::Cohort(model) => model.spent(),
        }
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, TwinError> {
    if text.len() > BYTES_MAX {
        return Err(refuse("is larger than 64 MiB"));
    }
    toml::from_str(text).map_err(|error| syntax(text, &error))
}

impl Model {
    /// Writes the model down.
    pub fn to_text(&self) -> Result<String, TwinError> {
        toml::to_string(&self.to_file()).map_err(|error| refuse(&error.to_string()))
    }

    /// What is written down.
    pub(crate) fn to_file(&self) -> File {
        let merged = self.merged.iter().enumerate().filter(|(_, merged)| !merged.rare.is_empty());
        File {
            version: VERSION,
            rho_units: self.spent.units(),
            rows: self.fit.total,
            policy: self.policy.clone(),
            fields: fields_of(self.domain.schema()),
            merged: merged.map(|(column, merged)| MergedPart { column, rare: merged.rare.clone() }).collect(),
            measured: self.measured.iter().map(MeasuredPart::new).collect(),
            potentials: self.fit.potentials.iter().map(PotentialPart::new).collect(),
        }
    }

    /// Reads a model, and refuses one that is not whole.
    pub fn parse(text: &str) -> Result<Self, TwinError> {
        Self::from_file(parse(text)?)
    }

    /// Makes a model of what was written down, if it is whole.
    pub(crate) fn from_file(file: File) -> Result<Self, TwinError> {
        if file.version != VERSION {
            return Err(refuse(&format!("has version {} and not {VERSION}", file.version)));
        }
        if !(1.0..=1e12).contains(&file.rows) {
            return Err(refuse("says no number of rows"));
        }
        let domain = Domain::bind(&file.policy, &schema(&file.fields)?)?;
        let originals = domain.sizes();
        let mut merged: Vec<Merged> = originals.iter().map(|size| Merged::none(*size)).collect();
        for part in &file.merged {
            let merged = merged.get_mut(part.column).ok_or_else(|| refuse("merges a column that is not there"))?;
            *merged = part.merged(merged.kept.len())?;
        }
        let sizes: Vec<usize> = merged.iter().map(Merged::size).collect();
        let measured: Vec<Measured> =
            file.measured.iter().map(|part| part.measured(&originals, &sizes)).collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        let mut potentials = Vec::with_capacity(file.potentials.len());
        for part in file.potentials {
            let set = set_of(&part.columns, sizes.len())?;
            let is_finite = part.values.iter().all(|value| value.abs() < 1e9);
            if set.cells(&sizes) != part.values.len() || !is_finite || !seen.insert(set) {
                return Err(refuse("has potentials that do not fit its columns"));
            }
            potentials.push((set, part.values));
        }
        if seen != measured.iter().map(|measured| measured.set).collect() {
            return Err(refuse("has potentials of other columns than were measured"));
        }
        let sets: Vec<Set> = seen.into_iter().collect();
        if model_cells(&sizes, &sets) > CELLS_MAX {
            return Err(refuse("has cliques that are too large"));
        }
        let fit = Fit::new(&sizes, potentials, file.rows);
        let spent = Rho::from_units(file.rho_units);
        Ok(Self::new(file.policy, domain, spent, Released { merged, measured, fit }))
    }
}

impl MergedPart {
    fn merged(&self, size: usize) -> Result<Merged, TwinError> {
        let rare: BTreeSet<u16> = self.rare.iter().copied().collect();
        let (inside, outside): (Vec<u16>, Vec<u16>) = (0..=u16::MAX).take(size).partition(|code| rare.contains(code));
        if inside == self.rare && !inside.is_empty() {
            Ok(Merged { kept: outside, rare: inside })
        } else {
            Err(refuse("merges codes that are not there"))
        }
    }
}

impl MeasuredPart {
    fn new(measured: &Measured) -> Self {
        let columns = measured.set.columns().collect();
        Self { columns, variance_units: measured.variance.units(), counts: measured.counts.clone() }
    }

    /// Single columns were measured before their codes were merged.
    fn measured(&self, originals: &[usize], sizes: &[usize]) -> Result<Measured, TwinError> {
        let set = set_of(&self.columns, sizes.len())?;
        let cells = if set.len() == 1 { set.cells(originals) } else { set.cells(sizes) };
        let variance = Variance::from_units(self.variance_units).filter(|_| cells == self.counts.len());
        let variance = variance.ok_or_else(|| refuse("has counts that do not fit their columns"))?;
        Ok(Measured { set, variance, counts: self.counts.clone() })
    }
}

impl PotentialPart {
    fn new((set, values): &(Set, Vec<f64>)) -> Self {
        Self { columns: set.columns().collect(), values: values.clone() }
    }
}

/// The columns of a table as they are written down.
pub(crate) fn fields_of(schema: &SchemaRef) -> Vec<FieldPart> {
    let field = |field: &arrow::datatypes::FieldRef| FieldPart {
        name: field.name().clone(),
        data_type: field.data_type().to_string(),
        nullable: field.is_nullable(),
    };
    schema.fields().iter().map(field).collect()
}

/// The columns of a table that were written down.
pub(crate) fn schema(parts: &[FieldPart]) -> Result<SchemaRef, TwinError> {
    let field = |part: &FieldPart| match part.data_type.parse::<DataType>() {
        Ok(data_type) => Ok(Field::new(&part.name, data_type, part.nullable)),
        Err(error) => Err(TwinError::Column { column: part.name.clone(), reason: error.to_string() }),
    };
    Ok(Schema::new(parts.iter().map(field).collect::<Result<Vec<_>, _>>()?).into())
}

fn set_of(columns: &[usize], modelled: usize) -> Result<Set, TwinError> {
    let set = Set::of(columns);
    let is_right = columns.iter().all(|column| *column < modelled) && set.columns().eq(columns.iter().copied());
    if is_right && !set.is_empty() { Ok(set) } else { Err(refuse("names columns that are not there or not in order")) }
}

pub(crate) fn refuse(reason: &str) -> TwinError {
    TwinError::Model { reason: reason.to_owned() }
}
