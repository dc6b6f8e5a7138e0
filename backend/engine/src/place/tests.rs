//! Tests of buckets: what is fetched of them, what happens when they change or fall silent, and how versions get there.

use super::*;
use crate::fixture::{FILE, Stored, address, collect, file_view, large, path};
use crate::layout::hex;
use crate::{Engine, EngineOptions};
use futures_util::stream::BoxStream;
use mudeung_core::dataset::ColumnType;
use mudeung_core::filter::Filter;
use mudeung_core::reader::{ColumnView, DatasetReader, FileView, Format, RowsRequest};
use mudeung_wire::manifest::{Bilingual, MANIFEST_FORMAT, ManifestFile, ManifestGenerator, ManifestTable};
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions,
    PutOptions, PutPayload, PutResult,
};
use sha2::{Digest, Sha256};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A bucket in memory that notes what it is asked, and can fall silent.
#[derive(Debug, Default)]
struct Watched {
    objects: InMemory,
    asked: Mutex<Vec<GetRange>>,
    silent: AtomicBool,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bucket of the tests")
    }
}

impl Watched {
    fn refuse(&self) -> object_store::Result<()> {
        match self.silent.load(Ordering::Relaxed) {
            true => Err(object_store::Error::Generic { store: "tests", source: "no route to host".into() }),
            false => Ok(()),
        }
    }

    fn asked_bytes(&self) -> u64 {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let length = |range: &GetRange| match range {
            GetRange::Bounded(range) => range.end - range.start,
            GetRange::Suffix(length) => *length,
            GetRange::Offset(_) => u64::MAX,
        };
        asked.iter().map(length).sum()
    }
}

#[async_trait::async_trait]
impl ObjectStore for Watched {
    async fn put_opts(&self, at: &ObjectPath, p: PutPayload, o: PutOptions) -> object_store::Result<PutResult> {
        self.refuse()?;
        self.objects.put_opts(at, p, o).await
    }

    async fn put_multipart_opts(
        &self,
        at: &ObjectPath,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.refuse()?;
        self.objects.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &ObjectPath, options: GetOptions) -> object_store::Result<GetResult> {
        self.refuse()?;
        self.asked.lock().unwrap().extend(options.range.clone());
        self.objects.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<ObjectPath>>,
    ) -> BoxStream<'static, object_store::Result<ObjectPath>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> object_store::Result<ListResult> {
        self.refuse()?;
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &ObjectPath, to: &ObjectPath, options: CopyOptions) -> object_store::Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}

/// Four wide columns, too large for what is read when a file is opened.
fn table() -> Stored {
    large(vec![(ColumnType::Int64, false); 4], 200_000, 50_000)
}

struct Bench {
    folder: tempfile::TempDir,
    bucket: Arc<Watched>,
    place: Place,
    engine: Engine,
    manifest: Manifest,
}

/// A version in a folder, and an empty bucket.
fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    table().write(&path(folder.path(), FILE), &table().batch());
    let bucket = Arc::new(Watched::default());
    let place = Place::of_objects(bucket.clone(), "s3://tests").unwrap();
    let engine = Engine::open(place.clone(), EngineOptions::default()).unwrap();
    let bytes = std::fs::read(path(folder.path(), FILE)).unwrap();
    let file = ManifestFile {
        id: "file".to_owned(),
        name: FILE.to_owned(),
        size_bytes: u64::try_from(bytes.len()).unwrap(),
        sha256: hex(&Sha256::digest(&bytes)),
        rows: 200_000,
    };
    Bench { folder, bucket, place, engine, manifest: manifest(file) }
}

fn manifest(file: ManifestFile) -> Manifest {
    let TableAddress { dataset, tier, version, table } = address();
    let table = ManifestTable {
        name: table.to_string(),
        description: Bilingual::default(),
        rows: file.rows,
        person: None,
        suppressed_rows: 0,
        columns: Vec::new(),
        files: vec![file],
    };
    Manifest {
        format: MANIFEST_FORMAT,
        dataset: dataset.to_string(),
        tier: tier.to_string(),
        version,
        title: Bilingual::default(),
        summary: Bilingual::default(),
        licence: String::new(),
        source: String::new(),
        created_at: String::new(),
        recipe_sha256: String::new(),
        input_sha256: String::new(),
        tables: vec![table],
        risk: None,
        generator: None,
        twins: Vec::new(),
        uses: None,
    }
}

impl Bench {
    fn version(&self) -> PathBuf {
        let TableAddress { dataset, tier, version, .. } = address();
        version_path(self.folder.path(), &dataset, tier, version)
    }

    fn upload(&self) -> Result<(), VersionError> {
        let ignore: Sent = Arc::new(|_| {});
        self.place.upload(&self.version(), &self.manifest, &ignore)
    }

    fn stored_bytes(&self) -> Vec<u8> {
        std::fs::read(path(self.folder.path(), FILE)).unwrap()
    }

    fn read(&self, view: &FileView) -> Result<Vec<u8>, ReadError> {
        runtime().block_on(async {
            let file = self.engine.open_file(view).await?;
            Ok(collect(file.read(0..file.len_bytes())).await?.0)
        })
    }

    fn rows(&self, filter: &str, columns: &[&str]) -> Result<Vec<u8>, ReadError> {
        let request = RowsRequest {
            table: address(),
            files: vec![FILE.to_owned()],
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            filter: Some(Filter::parse(filter).unwrap()),
            limit: u64::MAX,
            format: Format::Csv,
        };
        runtime().block_on(async { Ok(collect(self.engine.rows(request).await?).await?.0) })
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_version_is_brought_in_whole_once_and_read_as_it_was_built() {
    let bench = bench();
    let (dataset, tier) = (address().dataset, address().tier);
    assert_eq!(bench.place.latest_version(&dataset, tier).unwrap(), 0);
    bench.upload().unwrap();
    assert_eq!(bench.place.latest_version(&dataset, tier).unwrap(), 1);
    assert_eq!(bench.place.manifest(&dataset, tier, 1).unwrap().unwrap(), bench.manifest);
    assert_eq!(bench.read(&file_view(ColumnView::All)).unwrap(), bench.stored_bytes());
    // The same again is no change; another version of the same number is refused.
    bench.upload().unwrap();
    let other = Bench { manifest: Manifest { source: "elsewhere".to_owned(), ..bench.manifest.clone() }, ..bench };
    assert!(matches!(other.upload(), Err(VersionError::Exists { number: 1, .. })));
}

#[test]
fn a_generator_is_brought_in_with_its_version_and_is_the_one_that_was_published() {
    let mut bench = bench();
    let text = "simulated = true\n";
    std::fs::write(bench.version().join("generator.toml"), text).unwrap();
    let entry = ManifestGenerator {
        name: "generator.toml".to_owned(),
        size_bytes: u64::try_from(text.len()).unwrap(),
        sha256: hex(&Sha256::digest(text)),
    };
    let (dataset, tier) = (address().dataset, address().tier);
    // One that differs is not brought in, and neither is the version.
    bench.manifest.generator = Some(ManifestGenerator { sha256: "0".repeat(64), ..entry.clone() });
    assert!(matches!(bench.upload(), Err(VersionError::Manifest(_))));
    assert_eq!(bench.place.manifest(&dataset, tier, 1).unwrap(), None);
    bench.manifest.generator = Some(entry.clone());
    bench.upload().unwrap();
    assert_eq!(bench.place.generator(&dataset, tier, 1, &entry).unwrap(), text);
    for name in ["../1/generator.toml", "", "people/part-00000.parquet"] {
        let foreign = ManifestGenerator { name: name.to_owned(), ..entry.clone() };
        assert!(bench.place.generator(&dataset, tier, 1, &foreign).is_err(), "{name}");
    }
    let large = ManifestGenerator { size_bytes: u64::MAX, ..entry };
    assert!(bench.place.generator(&dataset, tier, 1, &large).is_err());
}

#[test]
fn an_upload_that_breaks_off_or_differs_from_its_manifest_puts_nothing_into_the_store() {
    let bench = bench();
    let (dataset, tier) = (address().dataset, address().tier);
    bench.bucket.silent.store(true, Ordering::Relaxed);
    assert!(matches!(bench.upload(), Err(VersionError::Io { path, .. }) if path == Path::new("s3://tests")));
    bench.bucket.silent.store(false, Ordering::Relaxed);
    let sound = bench.stored_bytes();
    let mut changed = sound.clone();
    changed[100] ^= 1;
    std::fs::write(path(bench.folder.path(), FILE), &changed).unwrap();
    assert!(matches!(bench.upload(), Err(VersionError::Manifest(_))));
    assert_eq!(bench.place.manifest(&dataset, tier, 1).unwrap(), None);
    assert!(matches!(bench.read(&file_view(ColumnView::All)), Err(ReadError::Damaged(_))));
    std::fs::write(path(bench.folder.path(), FILE), &sound).unwrap();
    bench.upload().unwrap();
}

#[test]
fn only_what_is_needed_is_fetched() {
    let bench = bench();
    bench.upload().unwrap();
    let size = u64::try_from(bench.stored_bytes().len()).unwrap();
    bench.bucket.asked_bytes();
    // The footer and one of four columns.
    let view = file_view(ColumnView::Only(["c2".to_owned()].into()));
    let shown = bench.read(&view).unwrap();
    let asked = bench.bucket.asked_bytes();
    assert!(u64::try_from(shown.len()).unwrap() > size / 5, "{} of {size}", shown.len());
    assert!(asked < size / 2, "{asked} of {size} bytes for one column of four");
    // A range is one request of its length.
    let range = runtime().block_on(async {
        let file = bench.engine.open_file(&file_view(ColumnView::All)).await.unwrap();
        collect(file.read(1_000_000..1_000_100)).await.unwrap().0
    });
    assert_eq!(range, bench.stored_bytes()[1_000_000..1_000_100]);
    assert_eq!(bench.bucket.asked_bytes(), 100);
    // Rows that no row group can hold cost nothing but the footer, which is known by now.
    let none = bench.rows("c0 > 9000000000", &["c1"]).unwrap();
    assert_eq!(String::from_utf8(none).unwrap().lines().count(), 1);
    assert_eq!(bench.bucket.asked_bytes(), 0);
}

#[test]
fn an_object_that_was_changed_is_an_error_and_never_an_answer_of_two_halves() {
    let bench = bench();
    bench.upload().unwrap();
    let view = file_view(ColumnView::All);
    let answer: Result<Vec<u8>, ReadError> = runtime().block_on(async {
        let file = bench.engine.open_file(&view).await.unwrap();
        let mut other = bench.stored_bytes();
        other[2_000_000] ^= 1;
        let at = ObjectPath::from(label(&address(), FILE).as_str());
        bench.bucket.objects.put(&at, other.into()).await.unwrap();
        Ok(collect(file.read(0..file.len_bytes())).await?.0)
    });
    assert!(matches!(answer, Err(ReadError::Damaged(text)) if text.contains("changed")));
}

#[test]
fn a_silent_bucket_is_told_to_be_tried_again_and_says_nothing_of_itself() {
    let bench = bench();
    bench.upload().unwrap();
    let view = file_view(ColumnView::Only(["c1".to_owned()].into()));
    bench.bucket.silent.store(true, Ordering::Relaxed);
    let answers = [bench.read(&view), bench.read(&file_view(ColumnView::All)), bench.rows("c0 > 0", &["c1"])];
    for answer in answers {
        assert!(matches!(&answer, Err(ReadError::Busy(text)) if !text.contains("host")), "{answer:?}");
    }
    // It comes back, and nothing has to be started again.
    bench.bucket.silent.store(false, Ordering::Relaxed);
    assert!(!bench.read(&view).unwrap().is_empty());
    assert!(!bench.rows("c0 > 0", &["c1"]).unwrap().is_empty());
}

#[test]
fn the_keys_of_a_bucket_are_in_no_message() {
    let keys = Some(("the key".to_owned(), "the secret".to_owned()));
    let bucket = Bucket {
        name: "data".to_owned(),
        prefix: "a/b".to_owned(),
        region: None,
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        allow_http: true,
        keys,
    };
    assert_eq!(format!("{bucket:?}"), "s3://data/a/b");
    assert!(client(&bucket).is_ok());
}
