//! Who uses the machine now, and what was done to it last.

use std::{cmp::Reverse, time::Duration};

use app::served::{ActivityView, KeyActivity};
use worv_api::ApiError;
use worv_store::{
    AuditQuery,
    usage::{Group, GroupBy, Span, UsageBucket, UsageQuery},
};

use super::{Console, api::database_failed, audit_entry};

/// Keys that are named.
const KEYS: usize = 6;

/// Events that are told.
const EVENTS: u32 = 6;

impl Console {
    /// The busiest keys of this hour and the latest events.
    pub(super) async fn activity(&self) -> Result<ActivityView, ApiError> {
        let now = self.clock.now();
        let query = UsageQuery {
            from: now,
            to: now.plus(Duration::from_millis(1)),
            span: Span::Hour,
            series: false,
            by: Some(GroupBy::Key),
            keys: Vec::new(),
            model: None,
            endpoint: None,
        };
        let mut usage = self.store.usage(&query).await.map_err(database_failed)?;
        let names = self.store.keys().await.map_err(database_failed)?;
        let events = self.store.audit_log(&AuditQuery::latest(EVENTS)).await;
        usage.sort_by_key(|bucket| Reverse(tokens(bucket)));
        let key = |bucket: &UsageBucket| {
            let Some(Group::Key(id)) = bucket.group else {
                return None;
            };
            let name = names.iter().find(|key| key.id == id).map(|key| key.name.clone());
            Some(KeyActivity {
                id: id.0,
                name: name.unwrap_or_else(|| format!("key {}", id.0)),
                requests: bucket.totals.requests,
                tokens: tokens(bucket),
            })
        };
        Ok(ActivityView {
            since: Span::Hour.start(Span::Hour.bucket(now)).0,
            keys: usage.iter().filter_map(key).take(KEYS).collect(),
            events: events.map_err(database_failed)?.into_iter().map(audit_entry).collect(),
            now: now.0,
        })
    }
}

fn tokens(bucket: &UsageBucket) -> u64 {
    bucket.totals.prompt_tokens + bucket.totals.completion_tokens
}
