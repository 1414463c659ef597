//! The head of a page.

use leptos::prelude::*;
use leptos_meta::Title;

use super::ConnectionStatus;

/// The page's name, what can be done on it, and whether it is live.
#[component]
pub(crate) fn PageHeader(
    /// The page's name, also the document's title.
    title: &'static str,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <Title text=title/>
        <header class="page__header">
            <h1>{title}</h1>
            <div class="page__tools">
                <ConnectionStatus/>
                {children.map(|children| children())}
            </div>
        </header>
    }
}
