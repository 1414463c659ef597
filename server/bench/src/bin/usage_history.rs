//! Makes a database as it is after two busy years, and measures what deleting old requests costs those who write.
//!
//! The requests themselves are of the last 90 days, their sums of two years. Everything follows from the row's number,
//! so that two runs make the same database.

use std::{
    error::Error,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use sqlx::{AnyConnection, Connection, Executor};
use tokio::time::{Instant, interval};
use worv_core::{
    Clock, Entropy, UnixMillis,
    id::RequestId,
    key::{KeyId, KeySecret},
    usage::{Endpoint, Outcome, UsageRecord, UsageSink},
};
use worv_store::{
    Actor, NewKey, Store,
    usage::{Durability, Writer},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Keys that the requests are spread over.
const KEYS: i64 = 50;

/// Models, the first of them by far the most used.
const MODELS: [&str; 3] = ["DeepSeek-V4-Pro", "GLM-5.1-FP8", "Kimi-K2.6"];

/// Days that the requests are of.
const DAYS: i64 = 90;

/// Days that the sums are of.
const DAYS_OF_SUMS: i64 = 730;

const DAY: i64 = 86_400_000;

/// Requests that one statement makes.
const PIECE: i64 = 500_000;

/// How often somebody writes while old requests are deleted.
const WRITE_EVERY: Duration = Duration::from_millis(5);

/// A database with a long history, and what it costs to shorten it.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make the database, in a new file.
    Make {
        file: PathBuf,
        /// Requests in it.
        #[arg(long, default_value_t = 10_000_000)]
        requests: i64,
    },
    /// Delete the oldest days while others write, and say how long they wait.
    Shorten {
        file: PathBuf,
        /// Days of requests that are deleted.
        #[arg(long, default_value_t = 5)]
        days: i64,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Into::into).and_then(|runtime| match &options.what {
        What::Make { file, requests } => runtime.block_on(make(file, *requests)),
        What::Shorten { file, days } => runtime.block_on(shorten(file, *days)),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "usage_history: {error}");
            ExitCode::FAILURE
        }
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

async fn make(file: &Path, requests: i64) -> Result<()> {
    if file.exists() {
        return Err(format!("{} is there already", file.display()).into());
    }
    let started = Instant::now();
    let clock = Clock::System;
    let store = Store::open(&url(file), clock.clone()).await?;
    for number in 1..=KEYS {
        let key = NewKey::new(
            &KeySecret::generate(&Entropy::System),
            format!("key {number}"),
            clock.now(),
        );
        store.create_key(key, &Actor::command_line()).await?;
    }
    store.close().await;

    let mut connection = AnyConnection::connect(&url(file)).await?;
    // Should the machine fail meanwhile, the file is made again.
    for pragma in ["PRAGMA synchronous = OFF", "PRAGMA cache_size = -262144"] {
        connection.execute(pragma).await?;
    }
    for name in MODELS {
        sqlx::query("INSERT INTO models (name) VALUES ($1)")
            .bind(name)
            .execute(&mut connection)
            .await?;
    }
    let now = clock.now().0;
    for first in (0..requests).step_by(500_000) {
        sqlx::query(REQUESTS)
            .bind(first)
            .bind(PIECE.min(requests - first))
            .bind(now - DAYS * DAY)
            .bind(DAYS * DAY / requests.max(1))
            .bind(KEYS)
            .execute(&mut connection)
            .await?;
        say(&format!(
            "{} requests after {:.0?}",
            (first + PIECE).min(requests),
            started.elapsed()
        ));
    }
    for (span, length) in [(0, DAY / 24), (1, DAY)] {
        let last = now / length;
        sqlx::query(EACH)
            .bind(span)
            .bind(last - DAYS_OF_SUMS * DAY / length)
            .bind(last)
            .bind(KEYS)
            .bind(length / (DAY / 24))
            .execute(&mut connection)
            .await?;
    }
    for statement in [
        OF_MONTHS,
        OF_KEYS,
        OF_MODELS,
        OF_ALL,
        "ANALYZE",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        connection.execute(statement).await?;
    }
    connection.close().await?;
    let size = std::fs::metadata(file)?.len() >> 20;
    say(&format!(
        "{} of {size} MiB after {:.0?}",
        file.display(),
        started.elapsed()
    ));
    Ok(())
}

/// $1: the first number, $2: how many, $3: when they begin, $4: milliseconds from one to the next, $5: keys.
const REQUESTS: &str = "
WITH RECURSIVE numbers (n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $1 + $2),
     drawn AS (SELECT n, $3 + n * $4 AS at, (n * 2654435761) % 4294967296 AS r FROM numbers)
INSERT INTO requests (id, key_id, endpoint, model_id, requested_model, stream, prompt_tokens, cached_tokens,
    completion_tokens, reasoning_tokens, outcome, status, started_at, first_byte_ms, duration_ms, queue_ms, overhead_us,
    client, granted_tokens, clamped, chat_user)
SELECT unhex(printf('%012x%08x%012x', at, r, n)), 1 + r % $5, r / 64 % 3, 1 + (r / 256 % 10 > 6) + (r / 256 % 10 > 8),
    CASE WHEN r % 3 = 0 THEN 'claude-opus-4-5' END, r % 4 <> 0, 500 + r % 40000, r % 400, 20 + r % 2000, r % 300,
    CASE WHEN r % 40 > 4 THEN 0 ELSE r % 40 END, 200, at, 100 + r % 900, 400 + r % 30000, r % 5, 100 + r % 400,
    r % 7, 16384, r % 9 = 0, CASE WHEN r % 5 = 0 THEN printf('user-%d', r % 97) END
FROM drawn";

/// $1: the span, $2 and $3: its first and last bucket, $4: keys, $5: hours in a bucket.
const EACH: &str = "
WITH RECURSIVE buckets (b) AS (SELECT $2 UNION ALL SELECT b + 1 FROM buckets WHERE b < $3),
     keys (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM keys WHERE k < $4),
     kinds (m, e) AS (VALUES (1, 0), (1, 1), (2, 0), (3, 1)),
     drawn AS (SELECT b, k, m, e, (b * 7919 + k * 104729 + m * 31 + e * 17) * 2654435761 % 1000 AS r
               FROM buckets, keys, kinds)
INSERT INTO usage_by_part (part, span, bucket, key_id, model_id, endpoint, requests, client_left, engine_failed,
    refused, lost, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, duration_ms, first_bytes,
    first_byte_ms, queue_ms, overhead_us, clamped)
SELECT 0, $1, b, k, m, e, (20 + r % 60) * $5, r % 3 * $5, r % 2 * $5, 0, 0, (20 + r % 60) * 20000 * $5,
    r * 200 * $5, (20 + r % 60) * 1000 * $5, r * 50 * $5, (20 + r % 60) * 15000 * $5, (20 + r % 60) * $5,
    (20 + r % 60) * 500 * $5, r % 60 * $5, (20 + r % 60) * 300 * $5, r % 5 * $5
FROM drawn";

const OF_MONTHS: &str = "
INSERT INTO usage_by_part SELECT part, 2,
    (strftime('%Y', bucket * 86400, 'unixepoch') - 1970) * 12 + strftime('%m', bucket * 86400, 'unixepoch') - 1 AS month,
    key_id, model_id, endpoint, sum(requests), sum(client_left), sum(engine_failed),
    sum(refused), sum(lost), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens),
    sum(duration_ms), sum(first_bytes), sum(first_byte_ms), sum(queue_ms), sum(overhead_us), sum(clamped)
FROM usage_by_part WHERE part = 0 AND span = 1 GROUP BY month, key_id, model_id, endpoint";

const OF_KEYS: &str = "
INSERT INTO usage_by_part SELECT 1, span, bucket, key_id, 0, -1, sum(requests), sum(client_left), sum(engine_failed),
    sum(refused), sum(lost), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens),
    sum(duration_ms), sum(first_bytes), sum(first_byte_ms), sum(queue_ms), sum(overhead_us), sum(clamped)
FROM usage_by_part WHERE part = 0 GROUP BY span, bucket, key_id";

const OF_MODELS: &str = "
INSERT INTO usage_by_part SELECT 2, span, bucket, 0, model_id, endpoint, sum(requests), sum(client_left),
    sum(engine_failed), sum(refused), sum(lost), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
    sum(reasoning_tokens), sum(duration_ms), sum(first_bytes), sum(first_byte_ms), sum(queue_ms), sum(overhead_us),
    sum(clamped)
FROM usage_by_part WHERE part = 0 GROUP BY span, bucket, model_id, endpoint";

const OF_ALL: &str = "
INSERT INTO usage_by_part SELECT 3, span, bucket, 0, 0, -1, sum(requests), sum(client_left), sum(engine_failed),
    sum(refused), sum(lost), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens),
    sum(duration_ms), sum(first_bytes), sum(first_byte_ms), sum(queue_ms), sum(overhead_us), sum(clamped)
FROM usage_by_part WHERE part = 0 GROUP BY span, bucket";

/// Deletes `days` of requests, and writes usage and keys meanwhile.
async fn shorten(file: &Path, days: i64) -> Result<()> {
    let clock = Clock::System;
    let store = Store::open(&url(file), clock.clone()).await?;
    let size = || Result::Ok(std::fs::metadata(file)?.len() >> 20);
    let before = size()?;
    let oldest = oldest(file).await?;

    let quiet = write_until(&store, tokio::time::sleep(Duration::from_secs(5))).await?;
    say(&format!("writes with nothing else going on: {quiet}"));
    let started = Instant::now();
    let mut deleted = Ok(0);
    let until = UnixMillis(oldest + days * DAY);
    let busy = write_until(&store, async { deleted = store.delete_requests_before(until).await }).await?;
    let (deleted, took) = (deleted?, started.elapsed());
    say(&format!(
        "{deleted} requests deleted in {took:.1?}; writes meanwhile: {busy}"
    ));
    say(&format!("the file had {before} MiB and has {} MiB", size()?));
    if busy.longest > Duration::from_millis(50) {
        return Err("a write waited for more than 50 ms".into());
    }
    Ok(())
}

/// How long writers waited.
struct Waits {
    count: usize,
    median: Duration,
    longest: Duration,
}

/// Writes one record and one key's change every few milliseconds until `end`.
async fn write_until(store: &Store, end: impl Future<Output = ()>) -> Result<Waits> {
    let writer = Writer::start(store.clone(), Durability::Strict)?;
    let mut beat = interval(WRITE_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut waits = Vec::new();
    let writing = async {
        loop {
            beat.tick().await;
            let started = Instant::now();
            writer.record(record()).await;
            waits.push(started.elapsed());
        }
    };
    tokio::select! {
        () = end => {}
        () = writing => {}
    }
    writer.close().await;
    waits.sort_unstable();
    let (Some(longest), median) = (waits.last(), waits.get(waits.len() / 2)) else {
        return Err("nothing was written".into());
    };
    Ok(Waits {
        count: waits.len(),
        median: median.copied().unwrap_or_default(),
        longest: *longest,
    })
}

fn record() -> UsageRecord {
    let clock = Clock::System;
    let id = RequestId::new(&clock, &Entropy::System);
    UsageRecord {
        requested_model: MODELS[0].to_owned(),
        served_model: MODELS[0].to_owned(),
        stream: true,
        prompt_tokens: 1_000,
        completion_tokens: 100,
        outcome: Outcome::Done,
        status: 200,
        first_byte_ms: Some(100),
        duration_ms: 1_000,
        overhead_us: 200,
        granted_tokens: Some(1_000),
        ..UsageRecord::begun(id, KeyId(1), Endpoint::Messages, clock.now())
    }
}

async fn oldest(file: &Path) -> Result<i64> {
    let mut connection = AnyConnection::connect(&url(file)).await?;
    let oldest = sqlx::query_scalar("SELECT started_at FROM requests ORDER BY id LIMIT 1")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(oldest)
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}, median {:.1?}, longest {:.1?}",
            self.count, self.median, self.longest
        )
    }
}
