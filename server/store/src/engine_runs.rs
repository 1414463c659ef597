//! What the engine counted of itself beside what is recorded, for each of its runs: a drift is requests that did not come
//! by a gateway, or that were not recorded.

use sqlx::{AnyConnection, Row, any::AnyRow};
use worv_core::UnixMillis;

use crate::{Store, StoreError, row, store::Kind, usage};

/// Tokens, as one side counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenTotals {
    /// Of prompts, cached ones included.
    pub prompt: u64,
    /// Generated.
    pub generated: u64,
}

/// One run of the engine, from when a gateway first saw it until it last did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineRun {
    /// The model that it served, by the engine's own name.
    pub model: String,
    /// From here on both sides are counted.
    pub from: UnixMillis,
    /// Up to here.
    pub to: UnixMillis,
    /// By the engine's own counters.
    pub counted: TokenTotals,
    /// By the rows of all gateways.
    pub recorded: TokenTotals,
}

/// Both sides at one moment, each since its own beginning.
#[derive(Clone, Copy, Debug)]
struct Reading {
    engine: TokenTotals,
    recorded: TokenTotals,
}

impl Store {
    /// Notes what the engine has counted since it started, next to what is recorded by now. Counters that fell to less
    /// than half begin another run; ones that fell a little are an earlier reading, by another gateway, and are ignored.
    pub async fn reconcile(&self, model: &str, engine: TokenTotals) -> Result<(), StoreError> {
        let now = self.clock().now();
        self.backlog().caught_up().await;
        let mut transaction = self.begin().await?;
        if self.kind() == Kind::Postgres {
            sqlx::query("LOCK TABLE engine_runs IN SHARE ROW EXCLUSIVE MODE")
                .execute(&mut *transaction)
                .await?;
        }
        let recorded = usage::recorded_of(&mut transaction, model).await?;
        let reading = Reading { engine, recorded };
        match latest(&mut transaction, model).await? {
            Some((from, last)) if engine.prompt >= last.prompt && engine.generated >= last.generated => {
                go_on(&mut transaction, model, from, now, reading).await?;
            }
            Some((_, last)) if engine.generated > last.generated / 2 && engine.prompt > last.prompt / 2 => {}
            _ => begin(&mut transaction, model, now, reading).await?,
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The runs of the engine, the latest first.
    pub async fn engine_runs(&self, limit: u32) -> Result<Vec<EngineRun>, StoreError> {
        const RUNS: &str = "SELECT model, first_at, last_at, engine_prompt - engine_prompt_first AS counted_prompt, \
             engine_generated - engine_generated_first AS counted_generated, \
             recorded_prompt - recorded_prompt_first AS noted_prompt, \
             recorded_generated - recorded_generated_first AS noted_generated \
             FROM engine_runs ORDER BY first_at DESC LIMIT $1";
        let rows = sqlx::query(RUNS)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(|row| Ok(run(row)?)).collect()
    }
}

async fn latest(connection: &mut AnyConnection, model: &str) -> Result<Option<(UnixMillis, TokenTotals)>, StoreError> {
    const LATEST: &str = "SELECT first_at, engine_prompt, engine_generated FROM engine_runs \
         WHERE model = $1 ORDER BY first_at DESC LIMIT 1";
    let row = sqlx::query(LATEST).bind(model).fetch_optional(connection).await?;
    let read = |row: &AnyRow| -> sqlx::Result<_> {
        let totals = TokenTotals {
            prompt: row::count(row, "engine_prompt")?,
            generated: row::count(row, "engine_generated")?,
        };
        Ok((row::time(row, "first_at")?, totals))
    };
    Ok(row.as_ref().map(read).transpose()?)
}

async fn begin(
    connection: &mut AnyConnection,
    model: &str,
    now: UnixMillis,
    Reading { engine, recorded }: Reading,
) -> Result<(), StoreError> {
    const BEGIN: &str = "INSERT INTO engine_runs (model, first_at, last_at, engine_prompt_first, engine_generated_first, \
         recorded_prompt_first, recorded_generated_first, engine_prompt, engine_generated, recorded_prompt, \
         recorded_generated) VALUES ($1, $2, $2, $3, $4, $5, $6, $3, $4, $5, $6) ON CONFLICT (model, first_at) DO NOTHING";
    sqlx::query(BEGIN)
        .bind(model)
        .bind(now.0)
        .bind(row::stored(engine.prompt))
        .bind(row::stored(engine.generated))
        .bind(row::stored(recorded.prompt))
        .bind(row::stored(recorded.generated))
        .execute(connection)
        .await?;
    Ok(())
}

async fn go_on(
    connection: &mut AnyConnection,
    model: &str,
    from: UnixMillis,
    now: UnixMillis,
    Reading { engine, recorded }: Reading,
) -> Result<(), StoreError> {
    const GO_ON: &str = "UPDATE engine_runs SET last_at = $3, engine_prompt = $4, engine_generated = $5, \
         recorded_prompt = $6, recorded_generated = $7 WHERE model = $1 AND first_at = $2";
    sqlx::query(GO_ON)
        .bind(model)
        .bind(from.0)
        .bind(now.0)
        .bind(row::stored(engine.prompt))
        .bind(row::stored(engine.generated))
        .bind(row::stored(recorded.prompt))
        .bind(row::stored(recorded.generated))
        .execute(connection)
        .await?;
    Ok(())
}

fn run(row: &AnyRow) -> sqlx::Result<EngineRun> {
    Ok(EngineRun {
        model: row.try_get("model")?,
        from: row::time(row, "first_at")?,
        to: row::time(row, "last_at")?,
        counted: TokenTotals {
            prompt: row::count(row, "counted_prompt")?,
            generated: row::count(row, "counted_generated")?,
        },
        recorded: TokenTotals {
            prompt: row::count(row, "noted_prompt")?,
            generated: row::count(row, "noted_generated")?,
        },
    })
}
