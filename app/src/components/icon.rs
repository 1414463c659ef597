//! The icons: our own, drawn in lines on a grid of 16, in the colour of the text beside them.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    /// The product.
    Brand,
    /// The overview.
    Pulse,
    /// Keys.
    Key,
    /// All is well.
    Check,
    /// Look at this.
    Warning,
    /// It does not work.
    Cross,
    /// Waiting.
    Clock,
    /// Not in use any more.
    Minus,
    /// Add one.
    Plus,
    /// Copy.
    Copy,
    /// The operating system decides.
    Screen,
    /// Light.
    Sun,
    /// Dark.
    Moon,
    /// Leave.
    Leave,
    /// Keyboard shortcuts.
    Keyboard,
}

/// An icon. It says nothing to a screen reader: a word stands beside it, or its button has a label.
#[component]
pub(crate) fn IconView(
    /// Which one.
    #[prop(into)]
    icon: Signal<Icon>,
) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 16 16"
            fill="none"
            stroke="currentColor"
            stroke-width="1.5"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=move || icon.get().path()/>
        </svg>
    }
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Brand => "M1.5 4l3 8 3.5-8 3.5 8 3-8",
            Self::Pulse => "M1.5 8.5h3l2-5 3 9 2-4h3",
            Self::Key => "M6 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8.2 7.8L14 2M11.5 4.5l2 2",
            Self::Check => "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM5.3 8.2l1.9 1.9 3.5-4",
            Self::Warning => "M8 2L1.5 13.5h13zM8 6.5v3M8 11.6v.1",
            Self::Cross => "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM6 6l4 4M10 6l-4 4",
            Self::Clock => "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM8 4.5V8l2.2 1.6",
            Self::Minus => "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM5.2 8h5.6",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Copy => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
            Self::Screen => "M1.5 2.5h13v9h-13zM5.5 14h5M8 11.5V14",
            Self::Sun => {
                "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.2M8 13.8V15M1 8h1.2M13.8 8H15M3 3l.9.9M12.1 12.1l.9.9M3 13l.9-.9M12.1 3.9L13 3"
            }
            Self::Moon => "M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z",
            Self::Leave => "M6 2.5H2.5v11H6M10.5 5l3 3-3 3M13.5 8h-8",
            Self::Keyboard => "M1.5 4h13v8h-13zM4 6.8h.1M6.7 6.8h.1M9.3 6.8h.1M12 6.8h.1M5 9.4h6",
        }
    }
}
