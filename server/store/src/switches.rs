//! Switches from one profile to another: one at a time on each node, and all of them kept.

use serde_json::json;
use sqlx::{AnyConnection, Row, any::AnyRow};
use worv_api::{Switch, SwitchOutcome};

use crate::{Actor, Store, StoreError};

/// What came of asking for a switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BegunSwitch {
    /// It is under way.
    Begun(Switch),
    /// Another one is.
    Held(Switch),
}

/// The start of every statement that reads a [`Switch`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, from_profile, to_profile, actor, started_at, ended_at, outcome, detail, steps FROM switches ",
            $rest
        )
    };
}

impl Store {
    /// Begins a switch on a node, unless one is under way there.
    pub async fn begin_switch(&self, node: &str, from: &str, to: &str, by: &Actor) -> Result<BegunSwitch, StoreError> {
        const INSERT: &str = "INSERT INTO switches (node, from_profile, to_profile, actor, started_at, detail, steps) \
             VALUES ($1, $2, $3, $4, $5, '', '[]') RETURNING id";
        let mut transaction = self.begin().await?;
        if let Some(held) = under_way(&mut transaction, node).await? {
            return Ok(BegunSwitch::Held(held));
        }
        let inserted = sqlx::query_scalar(INSERT)
            .bind(node)
            .bind(from)
            .bind(to)
            .bind(by.name())
            .bind(self.clock().now().0)
            .fetch_one(&mut *transaction)
            .await;
        let id: i64 = match inserted {
            Ok(id) => id,
            // Another gateway was a moment faster.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                drop(transaction);
                let held = self.switch_under_way(node).await?;
                let id = 0;
                return held
                    .map(BegunSwitch::Held)
                    .ok_or(StoreError::NotFound { what: "switch", id });
            }
            Err(error) => return Err(error.into()),
        };
        let entry = by.did("switch.start", format!("switch {id}")).change(
            Some(json!({"profile": from})),
            Some(json!({"node": node, "profile": to})),
        );
        self.audit_in(&mut transaction, entry).await?;
        let begun = under_way(&mut transaction, node).await?;
        transaction.commit().await?;
        begun
            .map(BegunSwitch::Begun)
            .ok_or(StoreError::NotFound { what: "switch", id })
    }

    /// Writes down how far a switch is, and how it ended if it has.
    pub async fn save_switch(&self, switch: &Switch) -> Result<(), StoreError> {
        const UPDATE: &str = "UPDATE switches SET steps = $2, detail = $3, ended_at = $4, outcome = $5 WHERE id = $1";
        let steps = serde_json::json!(switch.steps).to_string();
        let mut transaction = self.begin().await?;
        sqlx::query(UPDATE)
            .bind(switch.id)
            .bind(steps)
            .bind(switch.detail.as_str())
            .bind(switch.ended_at)
            .bind(switch.outcome.map(outcome_text))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The switch that is under way on a node; also one whose gateway ended.
    pub async fn switch_under_way(&self, node: &str) -> Result<Option<Switch>, StoreError> {
        let mut connection = self.readers().acquire().await?;
        under_way(&mut connection, node).await
    }

    /// The switches of a node that have ended, the latest first.
    pub async fn ended_switches(&self, node: &str, limit: u32) -> Result<Vec<Switch>, StoreError> {
        const SELECT: &str = select!("WHERE node = $1 AND ended_at IS NOT NULL ORDER BY id DESC LIMIT $2");
        let rows = sqlx::query(SELECT)
            .bind(node)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }
}

async fn under_way(connection: &mut AnyConnection, node: &str) -> Result<Option<Switch>, StoreError> {
    const SELECT: &str = select!("WHERE node = $1 AND ended_at IS NULL");
    let row = sqlx::query(SELECT).bind(node).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &AnyRow) -> Result<Switch, StoreError> {
    let steps: &str = row.try_get("steps")?;
    let outcome: Option<&str> = row.try_get("outcome")?;
    Ok(Switch {
        id: row.try_get("id")?,
        from: row.try_get("from_profile")?,
        to: row.try_get("to_profile")?,
        actor: row.try_get("actor")?,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
        outcome: outcome.map(outcome_of).transpose()?,
        detail: row.try_get("detail")?,
        steps: serde_json::from_str(steps).map_err(|error| sqlx::Error::Decode(error.into()))?,
        loading: None,
        draining: 0,
        can_cancel: false,
    })
}

fn outcome_text(outcome: SwitchOutcome) -> &'static str {
    match outcome {
        SwitchOutcome::Done => "done",
        SwitchOutcome::Cancelled => "cancelled",
        SwitchOutcome::RolledBack => "rolled_back",
        SwitchOutcome::Failed => "failed",
    }
}

fn outcome_of(text: &str) -> Result<SwitchOutcome, StoreError> {
    match text {
        "done" => Ok(SwitchOutcome::Done),
        "cancelled" => Ok(SwitchOutcome::Cancelled),
        "rolled_back" => Ok(SwitchOutcome::RolledBack),
        "failed" => Ok(SwitchOutcome::Failed),
        other => Err(sqlx::Error::Decode(format!("there is no outcome {other:?}").into()).into()),
    }
}
