//! De-identification of DICOM headers: a folder of files in, a folder of de-identified ones with a Parquet index out.
//!
//! Each attribute goes the way of DICOM PS3.15 table E.1-1 ([`Options`] are the options of its annex E), in nested
//! sequences too. Stricter than the standard: what neither the table nor the standard's dictionary knows goes, as do
//! private attributes, curves, overlays, unlisted free text and text in the wrong representation. Studies, series and
//! references stay joined by keyed identifiers, and patients have the pseudonyms and the shift of the tables of the
//! same release.
//!
//! Pixels are not touched: files whose pixels may show who it is are held back with a [`Reason`] and never written.

mod dummy;
mod folder;
mod head_of_file;
mod index;
mod leak;
mod options;
mod person;
mod phrases;
mod quarantine;
mod read;
mod report;
mod scrub;
mod table;
mod unlisted;
mod walk;

#[cfg(test)]
mod tests;

pub use index::INDEX;
pub use options::{Dates, Options, Retain};
pub use person::PersonRule;
pub use phrases::Phrases;
pub use quarantine::Reason;
pub use report::{IMAGE_REPORT, ImageReport};
pub use scrub::Deeds;

use crate::key::{KeyError, ReleaseKey};
use folder::Folder;
use index::Row;
use leak::Identifiers;
use person::Pseudonyms;
use scrub::Scrub;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use table::Table;

/// Larger files are held back: 2 GiB, above what multi-frame series come to.
pub const FILE_BYTES_MAX: u64 = 2 << 30;
/// Sequences nested deeper than this do not occur; recursion ends here.
const DEPTH_MAX: usize = 32;
/// A file has fewer elements than this, items of sequences and fragments of pixels counted.
const ELEMENTS_MAX: u64 = 4_000_000;

/// What is to be de-identified.
pub struct DeidentifyImages<'a> {
    /// The folder of the raw files; everything in it is looked at.
    pub from: &'a Path,
    /// The folder to write, which is not there yet.
    pub out: &'a Path,
    /// The release key.
    pub key: &'a ReleaseKey,
    /// How the tables of the release name and shift a person.
    pub rule: &'a PersonRule,
    /// What stays.
    pub options: &'a Options,
    /// Told how many files are done, of how many.
    pub progress: &'a mut dyn FnMut(u64, u64),
}

/// What came of it.
#[derive(Debug)]
pub struct DeidentifiedImages {
    /// In counts; also written into the folder.
    pub report: ImageReport,
    /// Each file that was held back, by its path in the input. For the hospital alone: paths can name patients.
    pub quarantined: BTreeMap<PathBuf, Reason>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DicomError {
    /// The input folder cannot be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// One of the folders lies in the other.
    #[error("{}: the folder to write must lie apart from the folder that is read", .0.display())]
    Within(PathBuf),
    /// The folder to write has no name of its own.
    #[error("{}: not the name of a folder to write", .0.display())]
    Place(PathBuf),
    /// The folder to write is there.
    #[error("{}: is there already; what was released never changes, name another folder", .0.display())]
    Exists(PathBuf),
    /// Somebody else writes this folder.
    #[error("{}: is being written by another process", .0.display())]
    Busy(PathBuf),
    /// There are no files.
    #[error("{}: holds no files", .0.display())]
    Empty(PathBuf),
    /// The folder cannot be written.
    #[error("{}: cannot be written: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The release key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The compiled-in table is not understood.
    #[error("table E.1-1: {0}")]
    Table(String),
}

impl DicomError {
    /// Whether the caller's input is at fault (exit 2) and not the machine (exit 1).
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Write { .. } | Self::Table(_))
    }
}

/// De-identifies a folder of DICOM files, or says why not and leaves nothing.
pub fn deidentify_images(images: DeidentifyImages<'_>) -> Result<DeidentifiedImages, DicomError> {
    let DeidentifyImages { from, out, key, rule, options, progress } = images;
    walk::check_apart(from, out)?;
    let table = Table::read().map_err(DicomError::Table)?;
    let pseudonyms = Pseudonyms::new(key, rule)?;
    let paths = walk::files(from)?;
    let folder = Folder::create(out)?;
    let mut run = Run {
        folder: &folder,
        scrub: Scrub { table: &table, options, pseudonyms: &pseudonyms },
        report: ImageReport::new(options, rule),
        rows: Vec::new(),
        instances: HashSet::new(),
        studies: HashMap::new(),
    };
    let mut quarantined = BTreeMap::new();
    let total = u64::try_from(paths.len()).unwrap_or(u64::MAX);
    for (done, path) in (0_u64..).zip(paths) {
        progress(done, total);
        run.report.files += 1;
        match run.file(&from.join(&path))? {
            Ok(()) => run.report.released += 1,
            Err(reason) => {
                *run.report.quarantined.entry(reason).or_default() += 1;
                quarantined.insert(path, reason);
            }
        }
    }
    let Run { mut report, mut rows, .. } = run;
    let count = |of: fn(&Row) -> &String| rows.iter().map(of).collect::<BTreeSet<_>>().len();
    let counted = [count(|row| &row.person), count(|row| &row.study), count(|row| &row.series)];
    let [persons, studies, series] = counted.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    (report.persons, report.studies, report.series) = (persons, studies, series);
    index::write(&folder, &mut rows, rule.integer)?;
    let failed = |error: serde_json::Error| DicomError::Write { path: out.to_owned(), reason: error.to_string() };
    folder.write(IMAGE_REPORT, &serde_json::to_vec_pretty(&report).map_err(failed)?)?;
    folder.finish()?;
    Ok(DeidentifiedImages { report, quarantined })
}

/// A folder under way.
struct Run<'a> {
    folder: &'a Folder,
    scrub: Scrub<'a>,
    report: ImageReport,
    rows: Vec<Row>,
    /// New identifiers of instances that were written.
    instances: HashSet<String>,
    /// To whom each study belongs, by the new identifier and the pseudonym.
    studies: HashMap<String, String>,
}

impl Run<'_> {
    /// De-identifies one file and writes it, or says why it is held back; a failure to write ends the run.
    fn file(&mut self, path: &Path) -> Result<Result<(), Reason>, DicomError> {
        let clean = walk::read(path, self.scrub.options.file_bytes_max).and_then(|bytes| self.clean(&bytes));
        let (bytes, mut row, deeds) = match clean {
            Ok(clean) => clean,
            Err(reason) => return Ok(Err(reason)),
        };
        row.bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        row.sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.write(&row.path, &bytes)?;
        self.report.attributes.add(deeds);
        self.rows.push(row);
        Ok(Ok(()))
    }

    /// The bytes of the de-identified file with its row in the index.
    fn clean(&mut self, bytes: &[u8]) -> Result<(Vec<u8>, Row, Deeds), Reason> {
        let file = read::read(bytes)?;
        if let Some(reason) = quarantine::judge(&file, self.scrub.options) {
            return Err(reason);
        }
        let raw = |tag| read::text(&file.object, tag);
        let keyed = |tag| self.scrub.pseudonyms.uid(&raw(tag));
        let person = self.scrub.pseudonyms.person(&raw(dicom_dictionary_std::tags::PATIENT_ID));
        let person = person.ok_or(Reason::NoPatient)?;
        // Names of files are keyed also where identifiers stay, since nothing else is known to be a name of a file.
        let study = keyed(dicom_dictionary_std::tags::STUDY_INSTANCE_UID);
        let series = keyed(dicom_dictionary_std::tags::SERIES_INSTANCE_UID);
        let instance = keyed(dicom_dictionary_std::tags::SOP_INSTANCE_UID);
        let identifiers = Identifiers::of(&file.object, self.scrub.options);
        let mut deeds = Deeds::default();
        let clean = self.scrub.scrub(file.object, &person, &mut deeds);
        if identifiers.stand_in(&clean) {
            return Err(Reason::Leak);
        }
        let mut row = Row::of(&clean, &file.transfer_syntax);
        row.path = format!("{study}/{series}/{instance}.dcm");
        let bytes = head_of_file::write(clean, &file.transfer_syntax)?;
        if self.instances.contains(&instance) {
            return Err(Reason::Duplicate);
        }
        if self.studies.get(&study).is_some_and(|of| *of != person.pseudonym) {
            return Err(Reason::TwoPatients);
        }
        self.instances.insert(instance);
        self.studies.insert(study, person.pseudonym);
        Ok((bytes, row, deeds))
    }
}
