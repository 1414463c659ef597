//! The audit log: who did what to what, from where.

use leptos::prelude::*;
use worv_api::{AuditEntry, AuditFilter, AuditPage};

use super::{Visitor, change, parts};
use crate::format;

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

/// What can be done, as the log calls it.
const ACTIONS: [&str; 19] = [
    "key.create",
    "key.edit",
    "key.rotate",
    "key.suspend",
    "key.resume",
    "key.revoke",
    "user.create",
    "user.role",
    "user.password",
    "user.delete",
    "second_factor.on",
    "second_factor.off",
    "second_factor.codes",
    "session.start",
    "session.end",
    "session.revoke",
    "session.refuse",
    "switch.start",
    "switch.cancel",
];

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

fn filters(view: &AuditView) -> AnyView {
    let filter = &view.filter;
    let known = ACTIONS.contains(&filter.action.as_str()) || filter.action.is_empty();
    let other = (!known).then(|| {
        view! {
            <option value=filter.action.clone() selected=true>
                {filter.action.clone()}
            </option>
        }
    });
    view! {
        <form class="toolbar" method="get" action="/audit" role="search">
            <label class="field">
                <span class="field__label">"Who"</span>
                <input class="field__input" name="actor" value=filter.actor.clone() maxlength="100"/>
            </label>
            <label class="field">
                <span class="field__label">"What"</span>
                <select class="field__input" name="action">
                    <option value="">"Everything"</option>
                    {ACTIONS
                        .map(|action| {
                            view! {
                                <option value=action selected=action == filter.action>
                                    {action}
                                </option>
                            }
                        })
                        .collect_view()}
                    {other}
                </select>
            </label>
            <label class="field">
                <span class="field__label">"To what"</span>
                <input
                    class="field__input"
                    name="subject"
                    value=filter.subject.clone()
                    maxlength="200"
                    placeholder="key 7"
                />
            </label>
            <label class="field">
                <span class="field__label">"From where"</span>
                <input class="field__input" name="address" value=filter.address.clone() maxlength="100"/>
            </label>
            <label class="field">
                <span class="field__label">"First day (UTC)"</span>
                <input class="field__input" type="date" name="from" value=view.days.0.clone()/>
            </label>
            <label class="field">
                <span class="field__label">"Last day (UTC)"</span>
                <input class="field__input" type="date" name="to" value=view.days.1.clone()/>
            </label>
            <button class="button" type="submit">
                "Filter"
            </button>
            <a class="button" data-kind="quiet" href="/audit">
                "Clear"
            </a>
        </form>
    }
    .into_any()
}

fn table(entries: &[AuditEntry], visitor: &Visitor) -> AnyView {
    let columns = [
        ("When (UTC)", ""),
        ("Who", ""),
        ("What", ""),
        ("To what", ""),
        ("From where", "is-secondary"),
        ("Change", ""),
    ];
    let rows = entries.iter().map(|entry| row(entry, visitor)).collect_view();
    parts::table("Audit log, the latest first", &columns, None, rows.into_any())
}

fn row(entry: &AuditEntry, visitor: &Visitor) -> AnyView {
    let key = entry.subject.strip_prefix("key ").and_then(|id| id.parse::<i64>().ok());
    let subject = match key {
        Some(id) => view! { <a href=format!("/keys/{id}")>{entry.subject.clone()}</a> }.into_any(),
        None => entry.subject.clone().into_any(),
    };
    let ago = format!("{} ago", format::duration(visitor.now - entry.at));
    view! {
        <tr>
            <td data-label="When">
                <time datetime=format::iso(entry.at) title=ago>
                    {format::date(entry.at)}
                    " "
                    {format::time(entry.at)}
                </time>
            </td>
            <td data-label="Who" class="is-long">{entry.actor.clone()}</td>
            <td data-label="What">
                <code>{entry.action.clone()}</code>
            </td>
            <td data-label="To what" class="is-long">{subject}</td>
            <td data-label="From where" class="is-long is-secondary">{entry.address.clone()}</td>
            <td data-label="Change" class="is-wrapped">{change::changes(entry)}</td>
        </tr>
    }
    .into_any()
}
