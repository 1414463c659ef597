//! The audit log: who did what to what, from where.

use leptos::prelude::*;
use worv_api::{AuditFilter, AuditPage};

use self::{filters::filters, table::table};
use super::{Visitor, parts};

mod filters;
mod table;

/// What the page shows.
pub struct AuditView {
    /// The entries.
    pub page: AuditPage,
    /// What the entries were filtered by.
    pub filter: AuditFilter,
    /// What was typed as the first and the last day.
    pub days: (String, String),
    /// The filter as the query string of an address, without where the page begins.
    pub query: String,
}

/// The page.
pub fn audit(view: AuditView, visitor: &Visitor) -> String {
    let csv = format!("/api/audit.csv?{}", view.query);
    let older = view.page.next_before.map(|before| {
        let query = &view.query;
        let separator = if query.is_empty() { "" } else { "&" };
        view! {
            <a class="button" href=format!("/audit?{query}{separator}before={before}")>
                "Older entries"
            </a>
        }
    });
    let newest = view.filter.before.map(|_| {
        view! {
            <a class="button" href=format!("/audit?{}", view.query)>
                "Newest entries"
            </a>
        }
    });
    let list = if view.page.entries.is_empty() {
        parts::empty("Nothing of the kind was done.", "Change the filter, or take it away.")
    } else {
        table(&view.page.entries, visitor)
    };
    view! {
        <div class="served">
            {parts::notice(visitor)}
            <div class="served__bar">
                {filters(&view)}
                <a class="button" href=csv rel="external" download="audit.csv">
                    "Export CSV"
                </a>
            </div>
            {list}
            <div class="button-row">{newest} {older}</div>
        </div>
    }
    .to_html()
}
