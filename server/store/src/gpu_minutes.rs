//! What each GPU did in each minute.

use sqlx::{Row, any::AnyRow};

use crate::{
    Store, StoreError,
    row::{self, OptionalDouble},
};

/// Rows that one transaction deletes: a few milliseconds' work.
const STEP: i64 = 2_000;

/// What one GPU did in one minute. A figure that was not read in it is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuMinute {
    /// The minute, counted from 1970.
    pub minute: i64,
    /// The driver's index.
    pub gpu: u32,
    /// The GPU's own identifier.
    pub uuid: String,
    /// How often it was read.
    pub readings: u32,
    /// Memory in use, in bytes; the mean.
    pub memory_used: u64,
    /// Share of the time in which a kernel ran, in percent; the mean.
    pub utilization: Option<f64>,
    /// In degrees Celsius; the highest.
    pub temperature: Option<u32>,
    /// Power drawn, in watts; the mean.
    pub power: Option<f64>,
    /// Energy drawn, in joules.
    pub joules: Option<f64>,
}

impl Store {
    /// Writes down what GPUs of a node did. What was written for a minute before is replaced.
    pub async fn save_gpu_minutes(&self, node: &str, minutes: &[GpuMinute]) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO gpu_minutes \
             (node, minute, gpu, uuid, readings, memory_used, utilization, temperature, power, joules) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (node, minute, gpu) DO UPDATE SET \
             uuid = excluded.uuid, readings = excluded.readings, memory_used = excluded.memory_used, \
             utilization = excluded.utilization, temperature = excluded.temperature, power = excluded.power, \
             joules = excluded.joules";
        let mut transaction = self.begin().await?;
        for minute in minutes {
            sqlx::query(UPSERT)
                .bind(node)
                .bind(minute.minute)
                .bind(i64::from(minute.gpu))
                .bind(minute.uuid.as_str())
                .bind(i64::from(minute.readings))
                .bind(row::stored(minute.memory_used))
                .bind(OptionalDouble(minute.utilization))
                .bind(minute.temperature.map(i64::from))
                .bind(OptionalDouble(minute.power))
                .bind(OptionalDouble(minute.joules))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The minutes of a node from `from` up to and without `to`, in order, each with its GPUs in order.
    pub async fn gpu_minutes(&self, node: &str, from: i64, to: i64) -> Result<Vec<GpuMinute>, StoreError> {
        const SELECT: &str = "SELECT minute, gpu, uuid, readings, memory_used, utilization, temperature, power, joules \
             FROM gpu_minutes WHERE node = $1 AND minute >= $2 AND minute < $3 ORDER BY minute, gpu";
        let rows = sqlx::query(SELECT)
            .bind(node)
            .bind(from)
            .bind(to)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(GpuMinute::try_from).collect()
    }

    /// The same in steps of several minutes: the means of each step under its first minute.
    pub async fn gpu_minutes_by_step(
        &self,
        node: &str,
        from: i64,
        to: i64,
        step: i64,
    ) -> Result<Vec<GpuMinute>, StoreError> {
        const SELECT: &str = "SELECT minute / $4 * $4 AS minute, gpu, MAX(uuid) AS uuid, \
             CAST(SUM(readings) AS BIGINT) AS readings, CAST(AVG(memory_used) AS BIGINT) AS memory_used, \
             AVG(utilization) AS utilization, MAX(temperature) AS temperature, AVG(power) AS power, SUM(joules) AS joules \
             FROM gpu_minutes WHERE node = $1 AND minute >= $2 AND minute < $3 GROUP BY 1, gpu ORDER BY 1, gpu";
        let rows = sqlx::query(SELECT)
            .bind(node)
            .bind(from)
            .bind(to)
            .bind(step.max(1))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(GpuMinute::try_from).collect()
    }

    /// Deletes the minutes before one, of every node, and returns how many rows there were.
    pub async fn delete_gpu_minutes_before(&self, minute: i64) -> Result<u64, StoreError> {
        const DELETE: &str = "DELETE FROM gpu_minutes WHERE minute < $1 AND minute IN \
             (SELECT DISTINCT minute FROM gpu_minutes WHERE minute < $1 ORDER BY minute LIMIT $2)";
        let mut deleted = 0;
        loop {
            let mut transaction = self.begin().await?;
            let step = sqlx::query(DELETE)
                .bind(minute)
                .bind(STEP / 8)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            transaction.commit().await?;
            deleted += step;
            if step == 0 {
                return Ok(deleted);
            }
        }
    }
}

impl TryFrom<&AnyRow> for GpuMinute {
    type Error = StoreError;

    fn try_from(row: &AnyRow) -> Result<Self, StoreError> {
        let temperature: Option<i64> = row.try_get("temperature")?;
        Ok(Self {
            minute: row.try_get("minute")?,
            gpu: row::count(row, "gpu")?,
            uuid: row.try_get("uuid")?,
            readings: row::count(row, "readings")?,
            memory_used: row::count(row, "memory_used")?,
            utilization: row.try_get("utilization")?,
            temperature: temperature.and_then(|celsius| u32::try_from(celsius).ok()),
            power: row.try_get("power")?,
            joules: row.try_get("joules")?,
        })
    }
}
