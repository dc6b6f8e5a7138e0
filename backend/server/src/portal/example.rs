//! Commands that work as pasted: the same on the front page, in the catalogue and in the guide.

use crate::config::Config;
use mudeung_core::name::Name;
use mudeung_core::policy::Snapshot;
use mudeung_core::tier::Tier;

/// One read in three ways.
#[derive(Debug, Clone)]
pub(super) struct Example {
    pub(super) python: String,
    pub(super) curl: String,
    pub(super) cli: String,
}

/// A read of a synthetic table with the published credential: of a dataset that has both tiers, where there is one,
/// because that is where one word changes later.
pub(super) fn first(config: &Config, snapshot: &Snapshot) -> Option<Example> {
    let served = |name: &&Name, tier| snapshot.published(name.as_str(), tier, None).is_some();
    let mut both = snapshot.datasets.keys().filter(|name| Tier::ALL.into_iter().all(|tier| served(name, tier)));
    let name = both.next().or_else(|| snapshot.datasets.keys().find(|name| served(name, Tier::Synthetic)))?;
    let table = snapshot.published(name.as_str(), Tier::Synthetic, None)?.tables.first()?;
    config.sandbox.as_ref()?;
    Some(of_table(config, name.as_str(), Tier::Synthetic, table.name.as_str()))
}

/// More of a synthetic table, made on demand; goes on where the read of it ended.
pub(super) fn more(dataset: &str, table: &str) -> String {
    format!(
        "more = sandbox.synthesize(\"{dataset}\", \"{table}\", rows=10_000, seed=1)\nprint(more.to_pandas().describe())"
    )
}

/// A read of some columns of one table, in Python; of all that are open where none are named.
pub(super) fn of_columns(config: &Config, dataset: &str, tier: Tier, table: &str, columns: &[&str]) -> String {
    let whole = of_table(config, dataset, tier, table).python;
    if columns.is_empty() {
        return whole;
    }
    let named: Vec<String> = columns.iter().map(|column| format!("    \"{column}\",\n")).collect();
    whole.replacen(".to_pandas()", &format!(".to_pandas(columns=[\n{}])", named.concat()), 1)
}

/// A read of one table: with the published credential where that is enough, else with names to fill in.
pub(super) fn of_table(config: &Config, dataset: &str, tier: Tier, table: &str) -> Example {
    let base = &config.http.public_url;
    let published = config.sandbox.as_ref().filter(|_| tier == Tier::Synthetic);
    let (id, secret) = published
        .map_or(("CLIENT_ID", "CLIENT_SECRET"), |sandbox| (sandbox.client_id.as_str(), sandbox.client_secret.as_str()));
    Example {
        python: format!(
            "# pip install ./sdk/python pandas\nfrom mudeung import Sandbox\n\nsandbox = Sandbox(\n    \"{base}\",\n    \"{id}\",\n    \"{secret}\",\n)\nframe = sandbox.table(\"{dataset}.{tier}.{table}\").to_pandas()\nprint(frame.head())"
        ),
        curl: format!(
            "TOKEN=$(curl -s -u '{id}:{secret}' \\\n  -d grant_type=client_credentials {base}/oauth2/token \\\n  | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\ncurl -H \"Authorization: Bearer $TOKEN\" -H 'Accept: text/csv' \\\n  '{base}/v1/datasets/{dataset}/{tier}/tables/{table}/rows?limit=5'"
        ),
        cli: format!(
            "export MUDEUNG_URL={base}\nexport MUDEUNG_CLIENT_ID={id}\nexport MUDEUNG_CLIENT_SECRET={secret}\nmudeung-cli datasets\nmudeung-cli pull {dataset}.{tier}.{table} --out data"
        ),
    }
}
