//! What the entries can be filtered by.

use leptos::prelude::*;

use super::AuditView;
use crate::parts;

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

/// The form; the address is what it was sent with.
pub(super) fn filters(view: &AuditView) -> AnyView {
    let filter = &view.filter;
    let actions = ACTIONS.map(|action| (action.to_owned(), action.to_owned()));
    view! {
        <form class="toolbar" method="get" action="/audit" role="search">
            <label class="field">
                <span class="field__label">"Who"</span>
                <input class="field__input" name="actor" value=filter.actor.clone() maxlength="100"/>
            </label>
            {parts::filter("What", "action", "Everything", actions, &filter.action)}
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
