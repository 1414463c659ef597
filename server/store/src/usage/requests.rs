//! The table of requests.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use sqlx::{Any, AnyConnection, AssertSqlSafe, Row, any::AnyRow, query::Query};
use worv_core::{
    id::RequestId,
    key::KeyId,
    usage::{LONGEST_CHAT_USER, UsageRecord},
};

use super::{code, statement::placeholders};
use crate::{Store, StoreError, row, text};

/// Characters of a model's name that are kept.
const LONGEST_MODEL: usize = 200;

/// Rows that one statement inserts: enough that their number no longer matters, few enough to prepare quickly.
const ROWS: usize = 32;

const COLUMNS: usize = 21;

/// The statement for [`ROWS`] rows; the one for a single row is [`INSERT_ONE`]. A record that is there already is left
/// as it is, so that writing twice what may have been written is safe.
static INSERT_ROWS: LazyLock<String> = LazyLock::new(|| insert(ROWS));
static INSERT_ONE: LazyLock<String> = LazyLock::new(|| insert(1));

/// Which requests to list.
#[derive(Clone, Copy, Debug)]
pub struct RequestQuery {
    /// This key's requests only.
    pub key: Option<KeyId>,
    /// Those that came in before this one only: the last one of the page before.
    pub before: Option<RequestId>,
    /// At most this many.
    pub limit: u32,
}

/// The statement for all keys, or with a condition for one.
macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT requests.id, key_id, endpoint, models.name AS served_model, requested_model, stream, ",
            "prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, ",
            "outcome, status, started_at, first_byte_ms, duration_ms, ",
            "queue_ms, overhead_us, client, granted_tokens, clamped, chat_user ",
            "FROM requests JOIN models ON models.id = requests.model_id WHERE requests.id < $1 ",
            $condition,
            " ORDER BY requests.id DESC LIMIT $2"
        )
    };
}

impl Store {
    /// Requests by the time they came in, the latest first.
    pub async fn requests(&self, query: &RequestQuery) -> Result<Vec<UsageRecord>, StoreError> {
        const AFTER_ALL: [u8; 16] = [u8::MAX; 16];
        let before = query.before.map_or(AFTER_ALL, RequestId::to_bytes).to_vec();
        let limit = i64::from(query.limit);
        let rows = match query.key {
            None => sqlx::query(select!("")).bind(before).bind(limit),
            Some(key) => sqlx::query(select!("AND key_id = $3"))
                .bind(before)
                .bind(limit)
                .bind(key.0),
        }
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| Ok(record(row)?)).collect()
    }
}

impl RequestQuery {
    /// The latest requests of all keys.
    pub fn latest(limit: u32) -> Self {
        Self {
            key: None,
            before: None,
            limit,
        }
    }
}

/// Inserts records whose models' ids are in `models`, and returns the ids of those that were not there already.
pub(super) async fn insert_all(
    connection: &mut AnyConnection,
    records: &[UsageRecord],
    models: &HashMap<String, i64>,
) -> Result<HashSet<RequestId>, StoreError> {
    let mut inserted = HashSet::with_capacity(records.len());
    let (full, rest) = records.as_chunks::<ROWS>();
    let full = full.iter().map(|chunk| (&INSERT_ROWS, chunk.as_slice()));
    for (statement, chunk) in full.chain(rest.chunks(1).map(|one| (&INSERT_ONE, one))) {
        let mut query = sqlx::query(AssertSqlSafe(statement.as_str()));
        for record in chunk {
            query = bind(query, record, models)?;
        }
        for row in query.fetch_all(&mut *connection).await? {
            inserted.insert(RequestId::from_bytes(row::bytes(&row, "id")?));
        }
    }
    Ok(inserted)
}

/// The name under which a record's model is stored.
pub(super) fn model_name(record: &UsageRecord) -> String {
    text::tamed(&record.served_model, LONGEST_MODEL)
}

/// The id of a model's name, which is given one if it has none.
pub(super) async fn model_id(connection: &mut AnyConnection, name: &str) -> Result<i64, StoreError> {
    const INSERT: &str = "INSERT INTO models (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = excluded.name \
         RETURNING id";
    Ok(sqlx::query_scalar(INSERT).bind(name).fetch_one(connection).await?)
}

/// The id of a record's model, which has been looked up.
pub(super) fn model_id_in(models: &HashMap<String, i64>, record: &UsageRecord) -> Result<i64, StoreError> {
    let name = model_name(record);
    let id = models.get(&name).copied();
    Ok(id.ok_or_else(|| sqlx::Error::Encode(format!("the model {name:?} has no id").into()))?)
}

/// A count of tokens as it is kept. No engine counts to 2⁴⁰ in one request; a client that got one to say so must not
/// make the sums overflow.
pub(super) fn tokens(count: u64) -> u64 {
    count.min(1 << 40)
}

fn insert(rows: usize) -> String {
    format!(
        "INSERT INTO requests (id, key_id, endpoint, model_id, requested_model, stream, \
         prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, \
         outcome, status, started_at, first_byte_ms, duration_ms, \
         queue_ms, overhead_us, client, granted_tokens, clamped, chat_user) \
         VALUES {} ON CONFLICT (id) DO NOTHING RETURNING id",
        placeholders(rows, COLUMNS)
    )
}

type BoundQuery = Query<'static, Any, sqlx::any::AnyArguments>;

fn bind(query: BoundQuery, record: &UsageRecord, models: &HashMap<String, i64>) -> Result<BoundQuery, StoreError> {
    let served = model_name(record);
    let requested = text::tamed(&record.requested_model, LONGEST_MODEL);
    Ok(query
        .bind(record.request_id.to_bytes().to_vec())
        .bind(record.key.0)
        .bind(code::of_endpoint(record.endpoint))
        .bind(model_id_in(models, record)?)
        .bind((requested != served).then_some(requested))
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
