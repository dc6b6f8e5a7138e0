//! `mudeung curate check|build|twin|dicom|report|schema|publish|destroy-key` and `mudeung synth`: the hospital's side. Listens on nothing.

use super::withdraw::{destroy_key, withdraw_before};
use crate::cli::{BuildArgs, CurateCommand, SourceArgs, SynthArgs, SynthFormat, TwinArgs};
use crate::failure::Failure;
use crate::system::{SystemClock, SystemEntropy};
use crate::{bundle, say, setup};
use indicatif::{ProgressBar, ProgressStyle};
use mudeung_core::clock::Clock;
use mudeung_core::dataset::VersionState;
use mudeung_core::id::VersionId;
use mudeung_deid::build::Step;
use mudeung_deid::report::{REPORT, Report};
use mudeung_deid::{Build, BuildSynthetic, BuildTwins, Built, BuiltTwins, CurateError, Measure, Progress, ReleaseKey};
use mudeung_engine::store;
use mudeung_server::config::{Config, TwinsConfig};
use mudeung_store::twin_budgets::{self, TwinCharge};
use mudeung_store::{Db, Ledger, StoreError, catalog};
use mudeung_synth::twin::{Budget, Rho};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::manifest::{Manifest, ManifestTwin};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The name of the file that describes a version.
const MANIFEST: &str = "manifest.json";
/// Where versions are built when nothing says otherwise, and what is published to a bucket is built before.
const LOCAL_STORE: &str = "store";

/// Runs a subcommand.
pub(crate) async fn run(command: CurateCommand) -> Result<(), Failure> {
    match command {
        CurateCommand::Check { definition } => check(&definition),
        CurateCommand::Build(args) => Box::pin(build(args)).await,
        CurateCommand::Twin(args) => Box::pin(twin(args)).await,
        CurateCommand::Dicom(args) => super::dicom::run(&args),
        CurateCommand::Report { manifest, html } => report(&manifest, html.as_deref()),
        CurateCommand::Schema => say(mudeung_deid::definition::RECIPE_SCHEMA.trim_end()),
        CurateCommand::Publish { manifest, config, withdraw_earlier } => {
            let config = setup::read_config(&config)?;
            publish(&config, std::slice::from_ref(&manifest)).await?;
            match withdraw_earlier {
                true => withdraw_before(&config, &read_manifest(&manifest)?).await,
                false => Ok(()),
            }
        }
        CurateCommand::DestroyKey(args) => destroy_key(&args).await,
    }
}

fn check(definition: &Path) -> Result<(), Failure> {
    let checked = mudeung_deid::check(definition).map_err(refused)?;
    let plan = checked.recipe.as_ref().map(|_| checked.plan()).transpose().map_err(refused)?;
    for table in plan.iter().flat_map(|plan| &plan.tables) {
        say(&format!("{}: {} columns released", table.spec.name, table.released().len()))?;
        for column in table.released() {
            let done = column.deidentification.unwrap_or_default();
            say(&format!("  {:<24} {} / {}", column.name, done.en, done.ko))?;
        }
    }
    say(&format!("{}: ok", definition.display()))
}

/// Where a version goes, and with which key.
struct Destination {
    config: Option<Config>,
    root: PathBuf,
    key: ReleaseKey,
}

fn destination(args: &SourceArgs) -> Result<Destination, Failure> {
    let config = args.config.as_deref().map(setup::read_config).transpose()?;
    let root = match (&args.store, &config) {
        (Some(store), _) => store.clone(),
        (None, Some(config)) => config.data.store.folder().unwrap_or(Path::new(LOCAL_STORE)).to_owned(),
        (None, None) => PathBuf::from(LOCAL_STORE),
    };
    let served = config.as_ref().and_then(|config| config.data.store.folder());
    if let (Some(given), Some(served)) = (&args.store, served)
        && given != served
    {
        let problem = "is not the store of the configuration; leave out --store, or --config and publish later";
        return Err(Failure::input(format!("--store {} {problem}", given.display())));
    }
    std::fs::create_dir_all(&root).map_err(|e| Failure::input(format!("cannot make {}: {e}", root.display())))?;
    // What a build that was killed left behind; a build that runs holds a lock and is left alone.
    store::remove_leftovers(&root).map_err(Failure::failed)?;
    let key = ReleaseKey::load_or_create(&args.key, &root, &SystemEntropy).map_err(Failure::input)?;
    Ok(Destination { config, root, key })
}

async fn build(args: BuildArgs) -> Result<(), Failure> {
    let source = &args.source;
    let Destination { config, root, key } = destination(source)?;
    let (rejects, without) = (Some(args.rejects.as_path()), args.without.as_deref());
    let released = deidentify(&source.definition, &source.input, &root, &key, source.number, rejects, without);
    match &released {
        Ok(built) => built.report.as_ref().map_or(Ok(()), |report| tell_rejected(report, &args.rejects))?,
        Err(CurateError::Gate(report)) => tell_rejected(report, &args.rejects)?,
        Err(_) => {}
    }
    if let (Err(CurateError::Gate(report)), Some(page)) = (&released, &args.refusal) {
        write_page(report, page)?;
    }
    let mut built = vec![released.map_err(refused)?];
    if let Some(persons) = args.synthetic {
        built.push(build_synthetic(&source.definition, &root, Some(persons), args.seed)?);
    }
    finish(config.clone(), &built).await?;
    match (args.without, config, built.first()) {
        (Some(_), Some(config), Some(version)) => withdraw_before(&config, &version.manifest).await,
        _ => Ok(()),
    }
}

async fn twin(args: TwinArgs) -> Result<(), Failure> {
    let Destination { config, root, key } = destination(&args.source)?;
    let measure = args.quality.as_ref().map(|_| Measure { target: args.target.as_deref() });
    let twins = build_twins(&args.source, &root, &key, args.seed, measure)?;
    for twin in &twins.built.manifest.twins {
        let ManifestTwin { table, mechanism, epsilon, delta, rho_units, with } = twin;
        let spent = match with {
            Some(persons) => format!("spent with {persons}"),
            None => format!("spent rho {}", Rho::from_units(*rho_units)),
        };
        say(&format!("{table}: {mechanism}, epsilon {epsilon}, delta {delta:e}; {spent}"))?;
    }
    for (column, values) in &twins.outside {
        say(&format!("{column}: {values} values are outside its domain and count as the nearest, the other or null"))?;
    }
    if let (Some(page), Some((_, quality))) = (&args.quality, twins.quality.first()) {
        write_text(page, &quality.to_html())?;
        write_text(&page.with_extension("json"), &quality.to_json().map_err(Failure::failed)?)?;
        say(&format!("written {}: for the hospital, computed from real rows without noise", page.display()))?;
    }
    finish(config, &[twins.built]).await
}

/// Says what was built, and publishes it when there is a server to publish it on.
async fn finish(config: Option<Config>, built: &[Built]) -> Result<(), Failure> {
    for one in built {
        if let Some(report) = &one.report {
            say(&report.to_text())?;
        }
        say(&format!("built {}", one.folder.join(MANIFEST).display()))?;
    }
    match config {
        Some(config) => {
            let manifests: Vec<PathBuf> = built.iter().map(|one| one.folder.join(MANIFEST)).collect();
            publish(&config, &manifests).await
        }
        None => say("not yet in service: `mudeung curate publish <manifest.json> --config FILE` publishes it"),
    }
}

/// Builds one de-identified version with a progress bar.
pub(crate) fn build_deidentified(
    definition: &Path,
    input: &Path,
    store: &Path,
    key: &ReleaseKey,
    number: Option<u32>,
) -> Result<Built, Failure> {
    deidentify(definition, input, store, key, number, None, None).map_err(refused)
}

/// Says how many rows were left out because they cannot be read, and where they are; of their values nothing.
fn tell_rejected(report: &Report, file: &Path) -> Result<(), Failure> {
    for table in report.tables.iter().filter(|table| table.rejected_rows > 0) {
        let (name, rejected, rows) = (&table.name, table.rejected_rows, table.rows_in);
        say(&format!("{name}: {rejected} of {rows} rows cannot be read; they are in {}", file.display()))?;
    }
    Ok(())
}

fn deidentify(
    definition: &Path,
    input: &Path,
    store: &Path,
    key: &ReleaseKey,
    number: Option<u32>,
    rejects: Option<&Path>,
    without: Option<&Path>,
) -> Result<Built, CurateError> {
    let bar = spinner();
    let built = mudeung_deid::build(Build {
        definition_dir: definition,
        input_dir: input,
        store_root: store,
        key,
        rejects,
        without,
        number,
        created_at: SystemClock.now(),
        progress: &mut |progress| show(&bar, progress),
    });
    bar.finish_and_clear();
    built
}

/// Builds one synthetic version with a progress bar; persons and seed are the definition's own when not given.
pub(crate) fn build_synthetic(
    definition: &Path,
    store: &Path,
    persons: Option<u64>,
    seed: Option<u64>,
) -> Result<Built, Failure> {
    let bar = spinner();
    let built = mudeung_deid::build_synthetic(BuildSynthetic {
        definition_dir: definition,
        persons,
        seed,
        store_root: store,
        number: None,
        created_at: SystemClock.now(),
        progress: &mut |progress| show(&bar, progress),
    });
    bar.finish_and_clear();
    built.map_err(refused)
}

/// Fits the twins of a definition with a progress bar.
pub(crate) fn build_twins(
    source: &SourceArgs,
    store: &Path,
    key: &ReleaseKey,
    seed: Option<u64>,
    measure: Option<Measure<'_>>,
) -> Result<BuiltTwins, Failure> {
    let bar = spinner();
    let built = mudeung_deid::build_twins(BuildTwins {
        definition_dir: &source.definition,
        input_dir: &source.input,
        store_root: store,
        key,
        entropy: &SystemEntropy,
        seed,
        measure,
        number: source.number,
        created_at: SystemClock.now(),
        progress: &mut |progress| show(&bar, progress),
    });
    bar.finish_and_clear();
    built.map_err(refused)
}

/// Makes a synthetic dataset from a definition's folder or from the name of a bundled one.
pub(crate) fn synth(args: &SynthArgs) -> Result<(), Failure> {
    let given = PathBuf::from(&args.dataset);
    let unpacked = tempfile::tempdir().map_err(Failure::failed)?;
    let definition = if given.is_dir() {
        given
    } else {
        bundle::unpack(unpacked.path())?;
        let bundled = unpacked.path().join(&args.dataset);
        if !bundled.is_dir() || args.dataset.contains(['/', '.']) {
            let known = bundle::names().join(", ");
            return Err(Failure::input(format!("{} is neither a folder nor one of {known}", args.dataset)));
        }
        bundled
    };
    std::fs::create_dir_all(&args.out).map_err(|e| Failure::input(format!("{}: {e}", args.out.display())))?;
    if args.format == SynthFormat::Fhir {
        return bundles(&definition, args);
    }
    let built = build_synthetic(&definition, &args.out, Some(args.rows), args.seed)?;
    for table in &built.manifest.tables {
        say(&format!("{}: {} rows, simulated", table.name, table.rows))?;
    }
    say(&format!("built {}", built.folder.join(MANIFEST).display()))
}

/// Writes the persons of a dataset as FHIR bundles, whole or not at all.
fn bundles(definition: &Path, args: &SynthArgs) -> Result<(), Failure> {
    let mut file = tempfile::NamedTempFile::new_in(&args.out).map_err(Failure::failed)?;
    let wanted = mudeung_deid::Bundles { definition_dir: definition, persons: args.rows, seed: args.seed };
    let dataset = mudeung_deid::write_bundles(wanted, &mut file).map_err(refused)?;
    let path = args.out.join(format!("{dataset}.fhir.ndjson"));
    file.persist(&path).map_err(|e| Failure::failed(format!("{}: {}", path.display(), e.error)))?;
    say(&format!("{}: {} bundles, simulated", path.display(), args.rows))
}

/// Shows the report that stands beside a manifest, and writes it as a page.
fn report(path: &Path, html: Option<&Path>) -> Result<(), Failure> {
    let manifest = read_manifest(path)?;
    let Some(risk) = &manifest.risk else {
        return say("the version is generated: it has no source persons, so there is nobody to identify again");
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = folder.join(REPORT);
    if !beside.is_file() {
        say(&serde_json::to_string_pretty(risk).map_err(Failure::failed)?)?;
        return say(&format!("{} is not there: the version was built before reports were kept", beside.display()));
    }
    let text = std::fs::read_to_string(&beside).map_err(|e| Failure::input(format!("{}: {e}", beside.display())))?;
    let report = Report::from_json(&text).map_err(|e| Failure::input(format!("{}: {e}", beside.display())))?;
    let named = (report.dataset.as_str(), report.version, report.recipe_sha256.as_str(), report.input_sha256.as_str());
    let (recipe, input) = (manifest.recipe_sha256.as_str(), manifest.input_sha256.as_str());
    if named != (manifest.dataset.as_str(), manifest.version, recipe, input) || report.risk != *risk {
        return Err(Failure::input(format!("{} is the report of another version", beside.display())));
    }
    say(&report.to_text())?;
    write_page(&report, &html.map_or_else(|| folder.join("report.html"), Path::to_owned))
}

fn write_page(report: &Report, page: &Path) -> Result<(), Failure> {
    let text = report.to_html().map_err(Failure::failed)?;
    write_text(page, &text)?;
    say(&format!("written {}", page.display()))
}

/// Writes a file, whole or not at all.
pub(super) fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::input(format!("cannot write {}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(cannot)?;
    file.write_all(text.as_bytes()).map_err(cannot)?;
    file.persist(path).map(drop).map_err(|refused| cannot(refused.error))
}

/// Publishes versions that were built, by their manifests. A bucket is given their files first.
async fn publish(config: &Config, paths: &[PathBuf]) -> Result<(), Failure> {
    let mut manifests = Vec::with_capacity(paths.len());
    for path in paths {
        manifests.push(match config.data.store.folder() {
            Some(store) => read_in_store(path, store)?,
            None => read_manifest(path)?,
        });
    }
    let db = setup::open_control(config).await?;
    let ledger = setup::open_ledger(&config.database.ledger, 1)?;
    for (manifest, path) in manifests.iter().zip(paths) {
        if config.data.store.folder().is_none() {
            upload(config, manifest, path.parent().unwrap_or(Path::new("."))).await?;
        }
        publish_manifest(&db, &ledger, &config.twins, manifest).await?;
        say(&format!("published {}/{}/{}", manifest.dataset, manifest.tier, manifest.version))?;
    }
    Ok(())
}

/// Brings a version that was built here into the bucket that the server reads.
async fn upload(config: &Config, manifest: &Manifest, folder: &Path) -> Result<(), Failure> {
    let files = manifest.tables.iter().flat_map(|table| &table.files);
    let bar = ProgressBar::new(files.map(|file| file.size_bytes).sum());
    if let Ok(style) = ProgressStyle::with_template("uploading  {bytes}/{total_bytes}  {wide_bar}  {eta}") {
        bar.set_style(style);
    }
    let counting = bar.clone();
    let sent: mudeung_engine::Sent = Arc::new(move |bytes| counting.inc(bytes));
    let (config, version, folder) = (config.clone(), manifest.clone(), folder.to_owned());
    let uploading = move || -> Result<String, Failure> {
        let place = setup::open_place(&config)?;
        place.upload(&folder, &version, &sent).map_err(Failure::failed)?;
        Ok(place.to_string())
    };
    let uploaded = tokio::task::spawn_blocking(uploading).await.map_err(Failure::failed)?;
    bar.finish_and_clear();
    let place = uploaded?;
    say(&format!("uploaded {}/{}/{} to {place}", manifest.dataset, manifest.tier, manifest.version))
}

/// Puts one version into service, on the record.
pub(crate) async fn publish_manifest(
    db: &Db,
    ledger: &Ledger,
    twins: &TwinsConfig,
    manifest: &Manifest,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    let most = Budget::of(twins.epsilon_per_dataset, twins.delta).map_err(Failure::input)?.total();
    let loss = manifest.twins.iter().fold(Rho::default(), |sum, twin| sum.plus(Rho::from_units(twin.rho_units)));
    let spends = if manifest.twins.is_empty() { String::new() } else { format!(" twin rho {loss}") };
    let id = VersionId::generate(&SystemClock, &SystemEntropy);
    let entry = Entry {
        dataset: Some(manifest.dataset.clone()),
        tier: Some(manifest.tier.clone()),
        version: Some(manifest.version),
        ..setup::intent("version.publish", format!("{id} recipe {}{spends}", manifest.recipe_sha256))
    };
    let row = manifest.clone();
    let change = db.tx("publish version", move |c| {
        let charge = twin_budgets::charge(c, &row, most.units(), now)?;
        if !matches!(charge, TwinCharge::Exhausted { .. }) {
            catalog::insert_version(c, &row, id, VersionState::Published { published_at: now }, now)?;
        }
        Ok(charge)
    });
    setup::recorded(ledger, entry, async {
        let charged = change.await.map_err(|error| match error {
            StoreError::AlreadyExists { .. } => Failure::input(format!(
                "{}/{}/{} is published already",
                manifest.dataset, manifest.tier, manifest.version
            )),
            error => Failure::failed(error),
        })?;
        match charged {
            TwinCharge::Exhausted { asked, left } => Err(Failure::input(format!(
                "{}/{}/{} is not published: its twins cost rho {} of each person, and the dataset has {} left of {most} \
                 (epsilon {} at delta {:e} for all its twins together, `twins` in the configuration)",
                manifest.dataset,
                manifest.tier,
                manifest.version,
                Rho::from_units(asked),
                Rho::from_units(left),
                twins.epsilon_per_dataset,
                twins.delta,
            ))),
            TwinCharge::None | TwinCharge::Now | TwinCharge::Before => Ok(()),
        }
    })
    .await
}

/// The manifests of all versions in a store, in a fixed order.
pub(crate) fn manifests_in(root: &Path) -> Result<Vec<Manifest>, Failure> {
    let mut paths = vec![root.to_path_buf()];
    for _ in ["dataset", "tier", "version"] {
        let mut deeper = Vec::new();
        for folder in &paths {
            let entries =
                std::fs::read_dir(folder).map_err(|e| Failure::failed(format!("{}: {e}", folder.display())))?;
            let visible = |path: &PathBuf| !path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
            deeper.extend(
                entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|p| p.is_dir()).filter(visible),
            );
        }
        deeper.sort();
        paths = deeper;
    }
    paths.iter().map(|folder| read_manifest(&folder.join(MANIFEST))).collect()
}

/// A manifest that lies where the server will look for its files.
fn read_in_store(path: &Path, root: &Path) -> Result<Manifest, Failure> {
    let manifest = read_manifest(path)?;
    let expected = root.join(&manifest.dataset).join(&manifest.tier).join(manifest.version.to_string());
    let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if same(path, &expected.join(MANIFEST)) {
        Ok(manifest)
    } else {
        let expected = expected.display();
        Err(Failure::input(format!("{} is not in the server's store; it must lie in {expected}", path.display())))
    }
}

fn read_manifest(path: &Path) -> Result<Manifest, Failure> {
    let text = std::fs::read(path).map_err(|e| Failure::input(format!("cannot read {}: {e}", path.display())))?;
    serde_json::from_slice(&text).map_err(|e| Failure::input(format!("{}: {e}", path.display())))
}

pub(super) fn refused(error: CurateError) -> Failure {
    if error.is_input() { Failure::input(error) } else { Failure::failed(error) }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    match ProgressStyle::with_template("{spinner} {msg}  {human_pos} rows  {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, progress: Progress<'_>) {
    let doing = match progress.step {
        Step::Measure => "measuring the risk of",
        Step::Transform => "de-identifying",
        Step::Fit => "fitting the twin of",
        Step::Compare => "holding against real rows the twin of",
        Step::Generate => "generating",
        Step::Write => "writing",
    };
    bar.set_message(format!("{doing} {}", progress.table));
    bar.set_position(progress.rows);
}
