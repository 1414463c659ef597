//! What is known of a part: what it is asked for by, and when it is asked for again.

use leptos::{html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_location;
use worv_api::ApiError;

use super::{dialogs, found, patch};
use crate::{api_handle::ApiHandle, live::LiveFeed};

/// What somebody is busy with, which newer HTML would change beneath their hands.
const BUSY: &str = "dialog[open]:not([data-renewed]), .plot[data-at], [data-busy]";

/// After how many seconds what could not be shown is asked for again.
const RETRY: i64 = 5;

/// What is known of a part.
#[derive(Clone, Copy)]
pub(super) struct Part {
    api: StoredValue<ApiHandle>,
    /// What it is asked for by.
    address: Memo<String>,
    pub(super) content: NodeRef<html::Div>,
    pub(super) failure: RwSignal<Option<ApiError>>,
    /// Whether something else is wanted than what is shown.
    pub(super) loading: RwSignal<bool>,
    /// Whether an answer is on its way.
    asking: StoredValue<bool>,
    /// When the last answer came, by the server's clock.
    loaded_at: StoredValue<Option<i64>>,
    /// The server's time, in Unix milliseconds; none before the first sample.
    now: Memo<Option<i64>>,
}

impl Part {
    /// The part of the page that is open, or at an address of its own.
    pub(super) fn new(root: &'static str, part: Option<&'static str>) -> Self {
        let samples = expect_context::<LiveFeed>().samples;
        let location = use_location();
        Self {
            api: StoredValue::new(ApiHandle::from_context()),
            address: Memo::new(move |before: Option<&String>| match (part, before) {
                (Some(part), _) => part.to_owned(),
                (None, Some(before)) if !location.pathname.with(|path| path.starts_with(root)) => before.clone(),
                _ => location.pathname.get() + &query(&location.search.get()),
            }),
            content: NodeRef::new(),
            failure: RwSignal::new(None),
            loading: RwSignal::new(false),
            asking: StoredValue::new(false),
            loaded_at: StoredValue::new(None),
            now: Memo::new(move |_| samples.with(|samples| samples.back().map(|sample| sample.at))),
        }
    }

    /// Asks for it. `opener` is the address from which another one was gone to.
    pub(super) fn load(self, opener: Option<String>, is_other_page: bool) {
        self.asking.set_value(true);
        self.loading.set(is_other_page);
        let asked = self.address.get_untracked();
        let answer = self.api.with_value(|api| api.ask(|api| api.part(&asked)));
        spawn_local(async move {
            let answer = answer.await;
            // The answer to a question that is not asked any more.
            if self.address.try_get_untracked().as_ref() != Some(&asked) {
                return;
            }
            self.asking.set_value(false);
            self.loading.set(false);
            self.loaded_at.set_value(self.now.get_untracked());
            let Some(content) = self.content.get_untracked() else {
                return;
            };
            match answer {
                Ok(html) => {
                    self.failure.set(None);
                    patch::patch(&content, &html, is_other_page);
                    dialogs::attend(opener.as_deref());
                }
                Err(error) => {
                    if is_loading(&content) {
                        content.set_inner_html("");
                    }
                    self.failure.set(Some(error));
                }
            }
        });
    }

    /// Shows what belongs to the address, and again whenever `again` changes.
    pub(super) fn follow_its_address(self, again: Signal<u32>) {
        Effect::new(move |before: Option<(String, u32)>| {
            let now = (self.address.get(), again.get());
            let is_there = || {
                self.content
                    .get_untracked()
                    .is_some_and(|content| !is_loading(&content))
            };
            match before {
                Some(before) if before != now => self.load(Some(before.0), true),
                None if !is_there() => self.load(None, true),
                None => {
                    dialogs::forget_form();
                    dialogs::attend(None);
                }
                Some(_) => {}
            }
            now
        });
    }

    /// Asks for it again as often as it wants, while it is seen and nobody is busy with it.
    pub(super) fn keep_up_to_date(self) {
        Effect::new(move |_| {
            let (Some(now), Some(content)) = (self.now.get(), self.content.get_untracked()) else {
                return;
            };
            let Some(since) = self.loaded_at.get_value() else {
                return self.loaded_at.set_value(Some(now));
            };
            let failed = self.failure.with_untracked(Option::is_some).then_some(RETRY);
            let is_due = failed
                .or_else(|| number(&content, "data-renew"))
                .is_some_and(|seconds| now - since >= seconds * 1000);
            let is_over = failed.is_none() && number(&content, "data-until").is_some_and(|until| now >= until);
            if (is_due || is_over) && !self.asking.get_value() && !document().hidden() && !found(BUSY) {
                self.load(None, false);
            }
        });
    }
}

/// A query as it follows a path.
pub(super) fn query(search: &str) -> String {
    if search.is_empty() {
        String::new()
    } else {
        format!("?{search}")
    }
}

/// What the content says in an attribute about when it wants to be asked for again.
fn number(content: &web_sys::Element, attribute: &str) -> Option<i64> {
    let element = content.query_selector(&format!("[{attribute}]")).ok()??;
    element.get_attribute(attribute)?.parse().ok()
}

fn is_loading(content: &web_sys::Element) -> bool {
    matches!(content.query_selector(".loading"), Ok(Some(_)))
}
