//! Rows that cannot be read: refused one and all, or, where the recipe allows a share of them, left out, counted, and
//! written into a file of the hospital's own.

use crate::error::{CurateError, InputError, Problem};
use crate::risk::share;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows that are written into the file; more are counted and not written.
const WRITTEN_MAX: u64 = 1_000_000;

/// What becomes of rows that cannot be read.
pub(crate) struct Rejects {
    /// The largest share of a table's rows; without one the first such row is an error.
    at_most: Option<f64>,
    path: Option<PathBuf>,
    file: Option<csv::Writer<File>>,
    written: u64,
    /// Tables that were read to their end.
    tables: BTreeMap<String, Rejected>,
    table: String,
    /// Whether the table is read for the first time, so that its rows are not in the file yet.
    is_first: bool,
    now: u64,
}

/// How many rows of a table were read, and how many of them were left out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rejected {
    /// Rows that were read.
    pub(crate) rows: u64,
    /// Rows that were left out.
    pub(crate) rejected: u64,
}

impl Rejects {
    /// Allows none.
    pub(crate) fn strict() -> Self {
        Self::new(None, None)
    }

    /// Allows a share of each table, and writes what is left out to a file, if one is named. It is made when there is
    /// something to write.
    pub(crate) fn new(at_most: Option<f64>, path: Option<&Path>) -> Self {
        Self {
            at_most,
            path: path.map(Path::to_owned),
            file: None,
            written: 0,
            tables: BTreeMap::new(),
            table: String::new(),
            is_first: true,
            now: 0,
        }
    }

    /// A table is read from its beginning.
    pub(crate) fn begin(&mut self, table: &str) {
        self.is_first = !self.tables.contains_key(table);
        table.clone_into(&mut self.table);
        self.now = 0;
    }

    /// A row cannot be read: an error, or it is left out.
    pub(super) fn reject(&mut self, fault: InputError, value: &str) -> Result<(), CurateError> {
        if self.at_most.is_none() {
            return Err(fault.into());
        }
        self.now += 1;
        if self.is_first && self.written < WRITTEN_MAX {
            self.write(&fault, value)?;
        }
        Ok(())
    }

    /// The table was read to its end.
    pub(super) fn end(&mut self, rows: u64) {
        self.tables.insert(self.table.clone(), Rejected { rows, rejected: self.now });
    }

    /// What was left out of a table, once it was read.
    pub(crate) fn of(&self, table: &str) -> Rejected {
        self.tables.get(table).copied().unwrap_or_default()
    }

    /// A reason against the release for each table of which too much was left out.
    pub(crate) fn refusals(&self) -> Vec<Problem> {
        let at_most = self.at_most.unwrap_or(0.0);
        let above = self.tables.iter().filter(|(_, table)| share(table.rejected, table.rows) > at_most);
        above.map(|(name, table)| refusal(name, *table, at_most)).collect()
    }

    /// Brings what was written to the disk.
    pub(crate) fn finish(&mut self) -> Result<(), CurateError> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        file.flush().map_err(|error| self.failed(&error))?;
        file.get_ref().sync_all().map_err(|error| self.failed(&error))
    }

    fn write(&mut self, fault: &InputError, value: &str) -> Result<(), CurateError> {
        let Some(path) = &self.path else { return Ok(()) };
        if self.file.is_none() {
            let mut file = csv::Writer::from_writer(create(path).map_err(|error| self.failed(&error))?);
            file.write_record(HEADER).map_err(|error| self.failed(&error))?;
            self.file = Some(file);
        }
        let (line, row) = fault.line_and_row();
        let line = if line == 0 { String::new() } else { line.to_string() };
        let (row, reason) = (row.to_string(), fault.reason());
        let record = [self.table.as_str(), &line, &row, fault.column(), &reason, value];
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_record(record));
        written.map_err(|error| self.failed(&error))?;
        self.written += 1;
        Ok(())
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> CurateError {
        let path = self.path.as_deref().unwrap_or(Path::new("")).display();
        CurateError::Write(format!("{path}: {error}"))
    }
}

const HEADER: [&str; 6] = ["table", "line", "row", "column", "reason", "value"];

fn refusal(table: &str, counted: Rejected, at_most: f64) -> Problem {
    let Rejected { rows, rejected } = counted;
    let (percent, allowed) = (share(rejected, rows) * 100.0, at_most * 100.0);
    Problem::new(
        format!("rejects.at_most: {table}"),
        (
            format!("{rows}행 중 {rejected}행({percent:.2} %)을 읽을 수 없습니다. 허용은 {allowed} %입니다."),
            format!("{rejected} of {rows} rows ({percent:.2} %) cannot be read; {allowed} % are allowed."),
        ),
        (
            "읽지 못한 행을 적은 파일을 보고 원본이나 schema.toml을 고치십시오.".to_owned(),
            "Look at the file of rejected rows, and mend the raw file or schema.toml.".to_owned(),
        ),
    )
}

/// Makes the file anew; nobody but its owner may read it.
fn create(path: &Path) -> std::io::Result<File> {
    match std::fs::read(path) {
        // Whatever else lies there, a raw file above all, stays.
        Ok(bytes) if !bytes.starts_with(HEADER.join(",").as_bytes()) => {
            return Err(std::io::Error::other("is there already and holds no rejected rows; name another file"));
        }
        // One of an earlier build may be open to others.
        Ok(_) => std::fs::remove_file(path)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
