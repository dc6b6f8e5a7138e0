//! What the demo prints when it is ready: where to look, with what, and commands that work as pasted.

use super::{Access, Layout};
use crate::failure::Failure;
use crate::say;

/// Prints the guide.
pub(super) fn print(access: &Access, layout: &Layout) -> Result<(), Failure> {
    say(&text(access, &layout.root.display().to_string()))
}

fn text(access: &Access, folder: &str) -> String {
    let Access { base_url, admin, developer, client, sandbox, .. } = access;
    let (sandbox_id, sandbox_secret) = (&sandbox.client_id, &sandbox.client_secret);
    let (client_id, client_secret) = (&client.client_id, &client.client_secret);
    format!(
        r#"
  Mudeung is running at {base_url}

  Portal (한국어 / English)
    hospital administrator   {admin_email}       {admin_password}
    company developer        {developer_email}   {developer_password}

  Sandbox credential: synthetic data, open to everyone
    client_id      {sandbox_id}
    client_secret  {sandbox_secret}

  Demo company's credential: de-identified data within its grants
    client_id      {client_id}
    client_secret  {client_secret}

  First rows with curl
    TOKEN=$(curl -s -u {sandbox_id}:{sandbox_secret} -d grant_type=client_credentials {base_url}/oauth2/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    curl -s -H "Authorization: Bearer $TOKEN" "{base_url}/v1/datasets/lymph_node/synthetic/tables/patient/rows?limit=3"

  The same as a Parquet file, by a signed address, with pandas   (pip install pandas pyarrow)
    URL=$(curl -s -H "Authorization: Bearer $TOKEN" "{base_url}/v1/datasets/lymph_node/synthetic/tables/patient/files" | sed 's/.*"url":"\([^"]*\)".*/\1/')
    python3 -c 'import pandas, sys; print(pandas.read_parquet(sys.argv[1]).head())' "$URL"

  The same with the Python package   (pip install ./sdk/python pandas)
    python3 - <<'PY'
from mudeung import Sandbox
sandbox = Sandbox("{base_url}", "{sandbox_id}", "{sandbox_secret}")
print(sandbox.table("lymph_node.synthetic.patient").to_pandas().head())
PY

  The same data de-identified instead of synthetic, with the company's credential
    cargo run --release -p mudeung-sdk --bin mudeung-cli -- login --url {base_url} --client-id {client_id} --client-secret {client_secret}
    cargo run --release -p mudeung-sdk --bin mudeung-cli -- pull lymph_node.deidentified.patient --out data

  A company of your own: {base_url}/ko/sign-up, and the mails that the demo sends in {folder}/mail

  Every access is in the ledger
    curl -s {base_url}/ledger/checkpoint
    cargo run --release -- ledger verify --database {folder}/ledger.sqlite

  Data, keys and databases are in {folder}. Stop with Ctrl-C.
"#,
        admin_email = admin.email,
        admin_password = admin.password,
        developer_email = developer.email,
        developer_password = developer.password,
    )
}
