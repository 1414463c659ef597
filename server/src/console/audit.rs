//! The audit log, as the console lists and exports it.

use std::sync::Arc;

use axum::body::Bytes;
use futures::{Stream, stream};
use worv_api::{ApiError, AuditEntry, AuditFilter, AuditPage};
use worv_core::{UnixMillis, calendar};
use worv_store::{AuditQuery, AuditRow, StoreError};

use super::{Console, api::database_failed};

/// Entries of a page that does not say how many.
const USUAL: u32 = 50;

/// Most entries of a page, and those that an export holds in memory.
const MOST: u32 = 500;

/// The first line of an export.
const CSV_HEAD: &str = "id,time,actor,action,subject,address,before,after\r\n";

impl Console {
    /// A page of the log.
    pub async fn audit_page(&self, filter: &AuditFilter) -> Result<AuditPage, ApiError> {
        let limit = filter.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            let message = format!("limit: a page has 1 to {MOST} entries.");
            return Err(ApiError::new(422, "invalid_request", message));
        }
        // One more tells whether there is a next page.
        let rows = self
            .store
            .audit_log(&query(filter, limit + 1))
            .await
            .map_err(database_failed)?;
        let more = rows.len() > limit as usize;
        let entries: Vec<_> = rows.into_iter().take(limit as usize).map(entry).collect();
        Ok(AuditPage {
            next_before: more.then(|| entries.last().map(|entry| entry.id)).flatten(),
            entries,
        })
    }
}

/// Every entry that `filter` lets through, the latest first, as CSV (RFC 4180) a piece at a time.
pub fn audit_csv(console: Arc<Console>, filter: AuditFilter) -> impl Stream<Item = Result<Bytes, StoreError>> {
    let head = stream::once(async { Ok(Bytes::from_static(CSV_HEAD.as_bytes())) });
    let rest = stream::try_unfold(Some(filter), move |filter| {
        let console = Arc::clone(&console);
        async move {
            let Some(mut filter) = filter else { return Ok(None) };
            let rows = console.store.audit_log(&query(&filter, MOST)).await?;
            let Some(last) = rows.last() else { return Ok(None) };
            filter.before = Some(last.id);
            let text: String = rows.iter().map(csv_line).collect();
            Ok(Some((Bytes::from(text), Some(filter))))
        }
    });
    futures::StreamExt::chain(head, rest)
}

/// An entry as the console and the command line show it.
pub fn entry(row: AuditRow) -> AuditEntry {
    AuditEntry {
        id: row.id,
        at: row.at.0,
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        address: row.address,
        before: row.before,
        after: row.after,
    }
}

/// What the store is asked for.
pub fn query(filter: &AuditFilter, limit: u32) -> AuditQuery {
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    AuditQuery {
        actor: text(&filter.actor),
        action: text(&filter.action),
        subject: text(&filter.subject),
        address: text(&filter.address),
        from: filter.from.map(UnixMillis),
        to: filter.to.map(UnixMillis),
        before: filter.before,
        limit,
    }
}

/// A line of an export.
pub fn csv_line(row: &AuditRow) -> String {
    let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    let fields = [
        row.id.to_string(),
        calendar::iso(row.at),
        row.actor.clone(),
        row.action.clone(),
        row.subject.clone(),
        row.address.clone(),
        json(&row.before),
        json(&row.after),
    ];
    fields.map(|field| csv_field(&field)).join(",") + "\r\n"
}

/// A field of a line of CSV. One that a spreadsheet would take for a formula begins with an apostrophe: what stands in
/// the log comes from strangers too.
fn csv_field(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_and_never_a_formula() {
        assert_eq!(csv_field("key 7"), "key 7");
        assert_eq!(csv_field(r#"{"a":1,"b":2}"#), r#""{""a"":1,""b"":2}""#);
        assert_eq!(csv_field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
    }
}
