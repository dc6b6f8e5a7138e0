//! What goes to standard output: lines, aligned tables, JSON, and files that appear whole.

use crate::failure::Failure;
use console::measure_text_width;
use indicatif::ProgressBar;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes lines.
pub(crate) fn lines(lines: &[String]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

/// Writes one JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    Ok(writeln!(out)?)
}

/// Writes to standard error, for people; nobody reading is fine.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Shows that something is waited for; nothing when standard error is not a terminal.
pub(crate) fn spinner(text: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    spinner.set_message(text.to_owned());
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    spinner
}

/// Aligns cells under their headings. The last column keeps its own width.
pub(crate) fn aligned(headings: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let headings = headings.iter().map(|heading| (*heading).to_owned()).collect::<Vec<_>>();
    let all = || std::iter::once(&headings).chain(rows);
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| all().filter_map(|row| row.get(column)).map(|cell| measure_text_width(cell)).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}  ", " ".repeat(width.saturating_sub(measure_text_width(cell)))));
        cells.collect::<String>().trim_end().to_owned()
    };
    all().map(line).collect()
}

/// A number with its thousands set apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Where bytes go: standard output, or a file that gets its name only when all is written.
pub(crate) enum Sink<'a> {
    Stdout(std::io::Stdout),
    File(NamedTempFile, &'a Path),
}

impl<'a> Sink<'a> {
    pub(crate) fn open(path: Option<&'a Path>, binary: bool) -> Result<Self, Failure> {
        let Some(path) = path else {
            let stdout = std::io::stdout();
            if binary && stdout.is_terminal() {
                return Err(Failure::Input("this format is not for the screen: give --out FILE or a pipe".to_owned()));
            }
            return Ok(Self::Stdout(stdout));
        };
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match temporary(directory) {
            Ok(file) => Ok(Self::File(file, path)),
            Err(error) => Err(Failure::Input(format!("{}: {error}", path.display()))),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout(stdout) => Ok(stdout.write_all(bytes)?),
            Self::File(file, _) => Ok(file.write_all(bytes)?),
        }
    }

    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut stdout) => Ok(stdout.flush()?),
            Self::File(file, path) => match file.persist(path) {
                Ok(_) => Ok(()),
                Err(error) => Err(Failure::Failed(format!("{}: {}", path.display(), error.error))),
            },
        }
    }
}

/// Temporary files are for their owner alone; what is kept should be as open as the user's other files.
#[cfg(unix)]
fn temporary(directory: &Path) -> std::io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o666)).tempfile_in(directory)
}

#[cfg(not(unix))]
fn temporary(directory: &Path) -> std::io::Result<NamedTempFile> {
    NamedTempFile::new_in(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_korean_too() {
        let rows = [vec!["나이".to_owned(), "age".to_owned()], vec!["sex".to_owned(), "x".to_owned()]];
        assert_eq!(aligned(&["a", "b"], &rows), ["a     b", "나이  age", "sex   x"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
