//! `POST /v1/synthetic/{dataset}/{table}`: rows made anew by the generator that a synthetic version was published with.

use crate::auth::scope::SyntheticRead;
use crate::data::documented::ReadProblems;
use crate::data::files::table_address;
use crate::data::format::{Written, negotiate};
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::rows::columns_asked;
use crate::data::stream::{self, RowLimit};
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::policy::Action;
use mudeung_core::reader::{Format, SynthesisRequest};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;

const OPERATION: &str = "synthetic.generate";
/// What is made when nobody says how much.
const ROWS_USUAL: u64 = 1_000;
/// The largest number that every JSON reader keeps.
const SEED_MAX: u64 = (1 << 53) - 1;
/// The seed with which the same rows are made again.
const SEED: HeaderName = HeaderName::from_static("mudeung-seed");

/// Make rows of a synthetic table.
///
/// The rows are drawn by the generator of the version: simulated, of nobody. The same seed and number of rows give the same bytes; rows of
/// one seed belong to the same persons in all tables of the dataset. `Mudeung-Seed` tells the seed when none was asked for.
///
/// Where the generator knows the form (`cancer5`), `fhir` makes each row of the table `person` a FHIR R4 bundle with all that is known
/// of that person, one a line; the persons are those of the rows.
#[utoipa::path(
    post, path = "/v1/synthetic/{dataset}/{table}", operation_id = "generate_rows", tag = "data",
    params(
        ("dataset" = String, Path, description = "The dataset's name"),
        ("table" = String, Path, description = "The table's name"),
        ("rows" = Option<u64>, Query, description = "How many rows; 1,000 when it is not given"),
        ("seed" = Option<u64>, Query, description = "A whole number below 2^53; another each time when it is not given"),
        ("columns" = Option<String>, Query, description = "Names separated by commas; all when not given"),
        ("version" = Option<String>, Query, description = "The number of the version whose generator is used; the latest when not given"),
        ("format" = Option<String>, Query, description = "`json`, `jsonl`, `csv`, `arrow`, `arrow-zstd`, `parquet`, `fhir`; outranks `Accept`"),
    ),
    responses(
        (status = 200, description = "Rows in the format asked for", content(
            (Vec<serde_json::Value> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet"),
            (String = "application/fhir+ndjson"),
        ), headers(("Mudeung-Seed" = u64, description = "The seed that the rows were made with"))),
        (status = 409, description = "The version has no generator", body = mudeung_wire::problem::Problem),
        ReadProblems,
    ),
    security(("oauth" = ["synthetic.read"])),
)]
pub async fn generate_rows(
    visit: Visit<SyntheticRead>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["rows", "seed", "columns", "version", "format"])?;
    let place = Place::table(&path.0, "synthetic", &path.1, &params)?;
    let format = negotiate(params.get("format"), request.headers(), Written::Made)?;
    let rows_max = visit.app.config.limits.rows_per_answer;
    let rows = params.number("rows", 0, rows_max)?.unwrap_or(ROWS_USUAL.min(rows_max));
    let seed = params.number("seed", 0, SEED_MAX)?.unwrap_or_else(|| any_seed(&visit));
    let snapshot = visit.app.snapshots.present();
    let permit = visit.decide(OPERATION, Action::Read, &place).await?;
    let columns = match columns_asked(&permit, &params) {
        Ok(columns) => columns,
        Err(fault) => return Err(visit.refuse(OPERATION, &place, fault).await),
    };
    if !permit.version.generator {
        return Err(visit.refuse(OPERATION, &place, no_generator()).await);
    }
    let table = permit.table().ok_or_else(Fault::not_found)?;
    let made = SynthesisRequest {
        table: table_address(&permit, table),
        columns: columns.clone(),
        filter: permit.rows.clone(),
        rows,
        seed,
        format,
    };
    let (standing, account) = stream::ground(&visit, &snapshot, &permit).await?;
    let entry = visit.entry_of(OPERATION, &permit, &columns);
    let form = if format == Format::FhirLines { " as FHIR bundles" } else { "" };
    let intent = Entry { detail: Some(format!("{rows} rows of seed {seed}{form}")), ..entry };
    let reader = visit.app.reader.clone();
    let limit = RowLimit::Asked(rows);
    let governed = stream::Governed { intent, account, standings: vec![standing], limit, format };
    let mut answer = stream::answer(&visit, governed, || reader.synthesize(made)).await?;
    answer.headers_mut().insert(SEED, HeaderValue::from(seed));
    Ok(answer)
}

/// A seed that nobody chose.
fn any_seed(visit: &Visit<SyntheticRead>) -> u64 {
    let mut bytes = [0_u8; 8];
    visit.app.entropy.fill(&mut bytes);
    u64::from_le_bytes(bytes) & SEED_MAX
}

fn no_generator() -> Fault {
    Fault::new(
        Code::Conflict,
        "This version was published without a generator, so no more of it can be made. Read its rows instead.",
        "생성기 없이 게시된 버전이라 더 만들 수 없습니다. 대신 게시된 행을 읽으세요.",
    )
}
