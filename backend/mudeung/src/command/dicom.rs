//! `mudeung curate dicom`: a folder of DICOM files becomes a folder of de-identified ones with an index.

use crate::cli::{DicomArgs, DicomDates, DicomRetain};
use crate::command::curate::{refused, write_text};
use crate::failure::Failure;
use crate::say;
use crate::system::SystemEntropy;
use indicatif::{ProgressBar, ProgressStyle};
use mudeung_deid::ReleaseKey;
use mudeung_deid::definition::Definition;
use mudeung_deid::dicom::{
    Dates, DeidentifiedImages, DeidentifyImages, DicomError, INDEX, Options, Phrases, Retain, deidentify_images,
};
use std::path::PathBuf;

/// De-identifies a folder, and says what was held back and why.
pub(super) fn run(args: &DicomArgs) -> Result<(), Failure> {
    let rule = Definition::load(&args.definition).and_then(|definition| definition.images()).map_err(refused)?;
    let options = options(args)?;
    let list = args.held_back.clone().unwrap_or_else(|| args.out.with_added_extension("held-back.json"));
    if list.starts_with(&args.out) {
        let problem = "would lie in the release; it names files of the hospital, write it elsewhere";
        return Err(Failure::input(format!("--held-back {} {problem}", list.display())));
    }
    let is_new = !args.key.exists();
    let key = ReleaseKey::load_or_create(&args.key, &args.out, &SystemEntropy).map_err(Failure::input)?;
    if is_new {
        say(&format!(
            "made {}: the images join tables that are built with this key, and no others",
            args.key.display()
        ))?;
    }
    let bar = bar();
    let done = deidentify_images(DeidentifyImages {
        from: &args.from,
        out: &args.out,
        key: &key,
        rule: &rule,
        options: &options,
        progress: &mut |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        },
    });
    bar.finish_and_clear();
    let done = done.map_err(failed)?;
    say(&done.report.to_text())?;
    if !done.quarantined.is_empty() {
        write_text(&list, &held_back(&done)?)?;
        say(&format!("written {}: each file that was held back; for the hospital", list.display()))?;
    }
    say(&format!("built {}", args.out.join(INDEX).display()))
}

fn options(args: &DicomArgs) -> Result<Options, Failure> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path);
        text.map(|text| Phrases::parse(&text)).map_err(|e| Failure::input(format!("{}: {e}", path.display())))
    };
    let retained = |retain: &DicomRetain| match retain {
        DicomRetain::Uids => Retain::Uids,
        DicomRetain::Patient => Retain::Patient,
        DicomRetain::Device => Retain::Device,
        DicomRetain::Institution => Retain::Institution,
        DicomRetain::Private => Retain::Private,
    };
    Ok(Options {
        dates: match args.dates {
            DicomDates::Remove => Dates::Remove,
            DicomDates::Shift => Dates::Shift,
            DicomDates::Keep => Dates::Keep,
        },
        retain: args.retain.iter().map(retained).collect(),
        phrases: args.descriptions.as_ref().map(read).transpose()?,
        defaced: args.defaced,
        ..Options::default()
    })
}

/// The list of files that were held back, as JSON with the reasons in both languages.
fn held_back(done: &DeidentifiedImages) -> Result<String, Failure> {
    let lines = done.quarantined.iter().map(|(path, reason)| {
        let (ko, en) = reason.told();
        serde_json::json!({ "file": path.to_string_lossy(), "reason": reason, "ko": ko, "en": en })
    });
    serde_json::to_string_pretty(&lines.collect::<Vec<_>>()).map_err(Failure::failed)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template("de-identifying  {human_pos}/{human_len} files  {wide_bar}  {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn failed(error: DicomError) -> Failure {
    if error.is_input() { Failure::input(error) } else { Failure::failed(error) }
}
