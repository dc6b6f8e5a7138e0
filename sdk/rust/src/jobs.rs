//! Queries that run on the server without their caller: for those that take longer than an answer may.

use crate::client::{Call, Client};
use crate::error::ApiError;
use crate::rows::{Format, QueryRequest, RawRows, Rows};
use mudeung_wire::api::{self, Page, QueryJobProblem};
use ring::rand::{SecureRandom, SystemRandom};
use std::time::Duration;

/// The first pause between questions how far a job is, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A query that runs on the server. Its result is kept for a day; each fetch is metered and recorded as any read.
#[derive(Debug, Clone)]
pub struct QueryJob {
    client: Client,
    item: api::QueryJob,
}

impl QueryRequest {
    /// Submits the query, to fetch its result later in this format. A submission that got no answer is sent again and is
    /// one job still.
    ///
    /// ```no_run
    /// # async fn run(client: mudeung_sdk::Client) -> Result<(), mudeung_sdk::ApiError> {
    /// use futures_util::TryStreamExt;
    /// let sql = "select tumor_grade, count(*) as n from lymph_node.synthetic.patient group by tumor_grade";
    /// let mut job = client.query(sql).submit(mudeung_sdk::Format::Arrow).await?;
    /// println!("{} finds it again", job.id());
    /// let batches: Vec<_> = job.rows().await?.try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn submit(self, format: Format) -> Result<QueryJob, ApiError> {
        let mut key = [0_u8; 16];
        SystemRandom::new()
            .fill(&mut key)
            .map_err(|_unspecified| ApiError::Configuration("the system gives no random bytes".to_owned()))?;
        let key = key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (client, body) = self.parts()?;
        let url = client.address(&["v1", "query"])?;
        let call = Call::post(url, format.media_type(), body).later(key);
        let item = client.read(&call).await?;
        Ok(QueryJob { client, item })
    }
}

impl Client {
    /// A submitted query by its identifier, `job_…`.
    pub async fn job(&self, id: &str) -> Result<QueryJob, ApiError> {
        let item = self.json(self.address(&["v1", "query", "jobs", id])?).await?;
        Ok(QueryJob { client: self.clone(), item })
    }

    /// The submitted queries of this app that are kept still, newest first.
    pub async fn jobs(&self) -> Result<Vec<QueryJob>, ApiError> {
        let page: Page<api::QueryJob> = self.json(self.address(&["v1", "query", "jobs"])?).await?;
        Ok(page.items.into_iter().map(|item| QueryJob { client: self.clone(), item }).collect())
    }
}

impl QueryJob {
    /// Its identifier, with which another program finds it again.
    pub fn id(&self) -> &str {
        &self.item.id
    }

    /// What the server last said of it.
    pub fn item(&self) -> &api::QueryJob {
        &self.item
    }

    /// Asks how far it is.
    pub async fn refresh(&mut self) -> Result<&api::QueryJob, ApiError> {
        self.item = self.client.json(self.client.address(&["v1", "query", "jobs", &self.item.id])?).await?;
        Ok(&self.item)
    }

    /// Waits for its end; an error when it failed.
    pub async fn wait(&mut self) -> Result<(), ApiError> {
        let (mut pause, longest) = PAUSES;
        while self.refresh().await?.state == "running" {
            tokio::time::sleep(pause).await;
            pause = longest.min(pause * 2);
        }
        match &self.item.problem {
            None => Ok(()),
            Some(QueryJobProblem { code, detail }) => {
                Err(ApiError::QueryFailed { code: code.clone(), detail: detail.clone() })
            }
        }
    }

    /// Waits for the result and reads it as Arrow record batches; it must have been submitted for them.
    pub async fn rows(&mut self) -> Result<Rows, ApiError> {
        self.raw().await?.batches().await
    }

    /// Waits for the result and gives its bytes as they arrive.
    pub async fn raw(&mut self) -> Result<RawRows, ApiError> {
        self.wait().await?;
        let url = self.client.address(&["v1", "query", "jobs", &self.item.id, "result"])?;
        Ok(RawRows::new(self.client.send(&Call::get(url, "*/*")).await?))
    }

    /// Asks the hospital that the result may leave, when the grant is for analysis inside. Those who decide read the reason
    /// beside the SQL and the result itself, which must be JSON, JSON lines or CSV.
    pub async fn request_export(&mut self, reason: &str) -> Result<&api::QueryJob, ApiError> {
        let url = self.client.address(&["v1", "query", "jobs", &self.item.id, "export"])?;
        let body = serde_json::to_vec(&api::ExportBody { reason: reason.to_owned() });
        let body = body.map_err(|error| ApiError::Configuration(error.to_string()))?;
        self.item = self.client.read(&Call::post(url, "application/json", body)).await?;
        Ok(&self.item)
    }

    /// Deletes it and its result; one that runs is stopped.
    pub async fn delete(self) -> Result<(), ApiError> {
        let url = self.client.address(&["v1", "query", "jobs", &self.item.id])?;
        self.client.send(&Call::delete(url)).await.map(drop)
    }
}
