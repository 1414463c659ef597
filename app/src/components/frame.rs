//! The frame around every page.

use leptos::prelude::*;

use super::{Account, DemoBanner, Navigation, Palette, Shortcuts, ThemeSwitch, VersionNotice};

/// Navigation, account and theme around a page.
#[component]
pub(crate) fn Frame(
    /// The page.
    children: Children,
) -> impl IntoView {
    let help = RwSignal::new(false);
    let palette = RwSignal::new(false);
    view! {
        <a class="skip-link" href="#main" rel="external">
            "Skip to the content"
        </a>
        <div class="frame">
            <header class="sidebar">
                <div class="sidebar__content">
                <a class="brand" href="/">
                    <span class="icon" data-icon="brand" aria-hidden="true"></span>
                    "worv"
                </a>
                <Navigation/>
                <div class="account">
                    <div class="account__tools">
                        <ThemeSwitch/>
                        <button
                            class="button"
                            data-kind="quiet"
                            type="button"
                            aria-label="Go to a page"
                            title="Go to a page (Ctrl K)"
                            on:click=move |_| palette.set(true)
                        >
                            <span class="icon" data-icon="search" aria-hidden="true"></span>
                        </button>
                        <button
                            class="button"
                            data-kind="quiet"
                            type="button"
                            aria-label="Keyboard shortcuts"
                            title="Keyboard shortcuts (?)"
                            on:click=move |_| help.set(true)
                        >
                            <span class="icon" data-icon="keyboard" aria-hidden="true"></span>
                        </button>
                    </div>
                    <Account/>
                </div>
                </div>
            </header>
            <div class="frame__main">
                <DemoBanner/>
                <VersionNotice/>
                <main class="page" id="main" tabindex="-1">
                    {children()}
                </main>
            </div>
        </div>
        <Shortcuts help palette/>
        <Palette open=palette/>
    }
}
