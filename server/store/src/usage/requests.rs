//! The table of requests.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use sqlx::{Any, AnyConnection, AssertSqlSafe, Row, any::AnyRow, query::Query};
use worv_core::{
    id::RequestId,
    key::KeyId,
    usage::{ClientKind, Endpoint, LONGEST_CHAT_USER, MOST_TOKENS, Outcome, UsageRecord},
};

use super::code;
use crate::{Store, StoreError, row, statement::RowStatements, store::Kind, text};

/// Characters of a model's name that are kept.
const LONGEST_MODEL: usize = 200;

/// Rows that one statement inserts: at most so many that their number no longer matters.
const ROWS: [usize; 4] = [512, 64, 8, 1];

const COLUMNS: usize = 21;

/// A record that is there already is left as it is, so that writing twice what may have been written is safe.
static INSERT: LazyLock<RowStatements<{ ROWS.len() }>> = LazyLock::new(|| RowStatements::new(ROWS, COLUMNS, insert));

/// Requests that one page looks at, at most. Filters that match few requests would read the whole table otherwise.
const MOST_LOOKED_AT: i64 = 10_000;

/// The columns of [`record`], of the tables `requests` and `models`.
const SELECT: &str = "SELECT requests.id, key_id, endpoint, models.name AS served_model, requested_model, stream, \
     prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, \
     outcome, status, started_at, first_byte_ms, duration_ms, \
     queue_ms, overhead_us, client, granted_tokens, clamped, chat_user \
     FROM requests JOIN models ON models.id = requests.model_id";

/// Which requests to list.
#[derive(Clone, Debug)]
pub struct RequestQuery {
    /// Which of them.
    pub filter: RequestFilter,
    /// Those that came in before this one only: [`RequestPage::next`] of the page before.
    pub before: Option<RequestId>,
    /// At most this many.
    pub limit: u32,
}

/// What requests have to be like. The default is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// This key's only.
    pub key: Option<KeyId>,
    /// Those that this model answered only, by its whole name.
    pub model: Option<String>,
    /// Those that came in by this endpoint only.
    pub endpoint: Option<Endpoint>,
    /// Those that ended like this only.
    pub outcome: Option<Outcome>,
    /// Those of such a client only.
    pub client: Option<ClientKind>,
    /// Those with one of these statuses only, both ends included.
    pub status: Option<(u16, u16)>,
}

/// Some of the requests that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPage {
    /// By the time they came in, the latest first.
    pub requests: Vec<UsageRecord>,
    /// Where the next page begins; none at the end. There may be a next page although this one is not full, or empty:
    /// one page looks at 10,000 requests at most.
    pub next: Option<RequestId>,
}

impl Store {
    /// Requests by the time they came in, the latest first.
    pub async fn requests(&self, query: &RequestQuery) -> Result<Vec<UsageRecord>, StoreError> {
        Ok(self.request_page(query).await?.requests)
    }

    /// A page of requests.
    pub async fn request_page(&self, query: &RequestQuery) -> Result<RequestPage, StoreError> {
        const AFTER_ALL: [u8; 16] = [u8::MAX; 16];
        self.backlog().caught_up().await;
        let before = query.before.map_or(AFTER_ALL, RequestId::to_bytes).to_vec();
        let limit = i64::from(query.limit);
        let floor = self.floor(query, &before).await?;
        let filter = &query.filter;
        let (status_from, status_to) = filter.status.unzip();
        let statement = format!(
            "{SELECT} WHERE requests.id < $1 AND requests.id >= $2{} \
             AND ($4 IS NULL OR model_id = (SELECT id FROM models WHERE name = $4)) AND ($5 IS NULL OR endpoint = $5) \
             AND ($6 IS NULL OR outcome = $6) AND ($7 IS NULL OR client = $7) \
             AND ($8 IS NULL OR status BETWEEN $8 AND $9) ORDER BY requests.id DESC LIMIT $3",
            filter.key_condition()
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(before)
            .bind(floor.map_or([0; 16], RequestId::to_bytes).to_vec())
            .bind(limit)
            .bind(filter.model.as_deref())
            .bind(filter.endpoint.map(code::of_endpoint))
            .bind(filter.outcome.map(code::of_outcome))
            .bind(filter.client.map(code::of_client))
            .bind(status_from.map(i32::from))
            .bind(status_to.map(i32::from))
            .fetch_all(self.readers())
            .await?;
        let requests = rows.iter().map(record).collect::<sqlx::Result<Vec<_>>>()?;
        let is_full = requests.len() as u64 >= u64::from(query.limit);
        let next = match requests.last() {
            Some(last) if is_full => Some(last.request_id),
            _ => floor,
        };
        Ok(RequestPage { requests, next })
    }

    /// The request of that id, if it is still kept.
    pub async fn request(&self, id: RequestId) -> Result<Option<UsageRecord>, StoreError> {
        self.backlog().caught_up().await;
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE requests.id = $1")))
            .bind(id.to_bytes().to_vec())
            .fetch_optional(self.readers())
            .await?;
        Ok(row.as_ref().map(record).transpose()?)
    }

    /// The last request that a page looks at; none where there is an end before.
    async fn floor(&self, query: &RequestQuery, before: &[u8]) -> Result<Option<RequestId>, StoreError> {
        if query.filter.is_of_keys_only() {
            return Ok(None);
        }
        let statement = format!(
            "SELECT id FROM requests WHERE id < $1{} ORDER BY id DESC LIMIT 1 OFFSET $2",
            query.filter.key_condition()
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(before.to_vec())
            .bind(MOST_LOOKED_AT - 1)
            .fetch_optional(self.readers())
            .await?;
        let id = row.as_ref().map(|row| row::bytes(row, "id")).transpose()?;
        Ok(id.map(RequestId::from_bytes))
    }
}

impl RequestQuery {
    /// The latest requests of all keys.
    pub fn latest(limit: u32) -> Self {
        Self {
            filter: RequestFilter::default(),
            before: None,
            limit,
        }
    }
}

impl RequestFilter {
    /// Whether a request is like this.
    pub fn matches(&self, request: &UsageRecord) -> bool {
        self.key.is_none_or(|key| key == request.key)
            && self.model.as_ref().is_none_or(|model| *model == request.served_model)
            && self.endpoint.is_none_or(|endpoint| endpoint == request.endpoint)
            && self.outcome.is_none_or(|outcome| outcome == request.outcome)
            && self.client.is_none_or(|client| client == request.client)
            && self
                .status
                .is_none_or(|(from, to)| (from..=to).contains(&request.status))
    }

    /// Whether an index finds all that is asked for: then no row is looked at in vain.
    fn is_of_keys_only(&self) -> bool {
        *self
            == Self {
                key: self.key,
                ..Self::default()
            }
    }

    /// Written into the statement, where it decides which index is used. It is a number.
    fn key_condition(&self) -> String {
        self.key
            .map_or_else(String::new, |key| format!(" AND key_id = {}", key.0))
    }
}

/// Inserts records whose models' ids are in `models`. False if any of them was there already, or is twice among them.
pub(super) async fn insert_all(
    connection: &mut AnyConnection,
    kind: Kind,
    records: &[UsageRecord],
    models: &Models,
) -> Result<bool, StoreError> {
    for (statement, chunk) in INSERT.each(kind, records) {
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for record in chunk {
            query = bind(query, record, models)?;
        }
        if query.execute(&mut *connection).await?.rows_affected() < chunk.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Inserts records one by one, and returns the ids of those that were not there already.
pub(super) async fn insert_each(
    connection: &mut AnyConnection,
    kind: Kind,
    records: &[UsageRecord],
    models: &Models,
) -> Result<HashSet<RequestId>, StoreError> {
    let statement = INSERT.one(kind);
    let mut inserted = HashSet::new();
    for record in records {
        let query = bind(sqlx::query(AssertSqlSafe(statement)), record, models)?;
        if query.execute(&mut *connection).await?.rows_affected() > 0 {
            inserted.insert(record.request_id);
        }
    }
    Ok(inserted)
}

/// The id of a model's name, which is given one if it has none.
async fn model_id(connection: &mut AnyConnection, name: &str) -> Result<i64, StoreError> {
    const INSERT: &str = "INSERT INTO models (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = excluded.name \
         RETURNING id";
    Ok(sqlx::query_scalar(INSERT).bind(name).fetch_one(connection).await?)
}

/// The ids of models, by the names under which they are stored.
#[derive(Debug, Default)]
pub(super) struct Models(HashMap<String, i64>);

impl Models {
    /// Looks up the models of these records.
    pub(super) async fn look_up(
        &mut self,
        connection: &mut AnyConnection,
        records: &[UsageRecord],
    ) -> Result<(), StoreError> {
        for record in records {
            if self.find(record).is_none() {
                let name = text::tamed(&record.served_model, LONGEST_MODEL);
                let id = model_id(connection, &name).await?;
                self.0.insert(name, id);
            }
        }
        Ok(())
    }

    /// The id of a record's model, which has been looked up.
    pub(super) fn id_of(&self, record: &UsageRecord) -> Result<i64, StoreError> {
        let unknown = || sqlx::Error::Encode(format!("the model {:?} has no id", record.served_model).into());
        Ok(self.find(record).ok_or_else(unknown)?)
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// Nearly every name is stored as it is.
    fn find(&self, record: &UsageRecord) -> Option<i64> {
        let as_it_is = self.0.get(&record.served_model);
        let id = as_it_is.or_else(|| self.0.get(&text::tamed(&record.served_model, LONGEST_MODEL)));
        id.copied()
    }
}

/// A count of tokens as it is kept.
pub(super) fn tokens(count: u64) -> u64 {
    count.min(MOST_TOKENS)
}

fn insert(rows: &str) -> String {
    format!(
        "INSERT INTO requests (id, key_id, endpoint, model_id, requested_model, stream, \
         prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, \
         outcome, status, started_at, first_byte_ms, duration_ms, \
         queue_ms, overhead_us, client, granted_tokens, clamped, chat_user) \
         VALUES {rows} ON CONFLICT (id) DO NOTHING"
    )
}

type BoundQuery = Query<'static, Any, sqlx::any::AnyArguments>;

fn bind(query: BoundQuery, record: &UsageRecord, models: &Models) -> Result<BoundQuery, StoreError> {
    let tamed = |name| text::tamed(name, LONGEST_MODEL);
    let differs = record.requested_model != record.served_model;
    let requested = differs.then(|| tamed(&record.requested_model));
    let requested = requested.filter(|requested| *requested != tamed(&record.served_model));
    Ok(query
        .bind(record.request_id.to_bytes().to_vec())
        .bind(record.key.0)
        .bind(code::of_endpoint(record.endpoint))
        .bind(models.id_of(record)?)
        .bind(requested)
        .bind(i16::from(record.stream))
        .bind(row::stored(tokens(record.prompt_tokens)))
        .bind(row::stored(tokens(record.cached_tokens)))
        .bind(row::stored(tokens(record.completion_tokens)))
        .bind(row::stored(tokens(record.reasoning_tokens)))
        .bind(code::of_outcome(record.outcome))
        .bind(i32::from(record.status))
        .bind(record.started_at.0)
        .bind(record.first_byte_ms.map(i64::from))
        .bind(i64::from(record.duration_ms))
        .bind(i64::from(record.queue_ms))
        .bind(i64::from(record.overhead_us))
        .bind(code::of_client(record.client))
        .bind(record.granted_tokens.map(|granted| row::stored(tokens(granted))))
        .bind(i16::from(record.clamped))
        .bind(
            record
                .chat_user
                .as_deref()
                .map(|user| text::tamed(user, LONGEST_CHAT_USER)),
        ))
}

fn record(row: &AnyRow) -> sqlx::Result<UsageRecord> {
    let served_model: String = row.try_get("served_model")?;
    let requested: Option<String> = row.try_get("requested_model")?;
    let first_byte: Option<i64> = row.try_get("first_byte_ms")?;
    let granted: Option<i64> = row.try_get("granted_tokens")?;
    Ok(UsageRecord {
        request_id: RequestId::from_bytes(row::bytes(row, "id")?),
        key: KeyId(row.try_get("key_id")?),
        endpoint: code::endpoint(row.try_get("endpoint")?)?,
        requested_model: requested.unwrap_or_else(|| served_model.clone()),
        served_model,
        stream: row.try_get::<i16, _>("stream")? != 0,
        prompt_tokens: row::count(row, "prompt_tokens")?,
        cached_tokens: row::count(row, "cached_tokens")?,
        completion_tokens: row::count(row, "completion_tokens")?,
        reasoning_tokens: row::count(row, "reasoning_tokens")?,
        outcome: code::outcome(row.try_get("outcome")?)?,
        status: row::count(row, "status")?,
        started_at: row::time(row, "started_at")?,
        first_byte_ms: first_byte.and_then(|millis| u32::try_from(millis).ok()),
        duration_ms: row::count(row, "duration_ms")?,
        queue_ms: row::count(row, "queue_ms")?,
        overhead_us: row::count(row, "overhead_us")?,
        client: code::client(row.try_get("client")?)?,
        granted_tokens: granted.map(i64::unsigned_abs),
        clamped: row.try_get::<i16, _>("clamped")? != 0,
        chat_user: row.try_get("chat_user")?,
    })
}
