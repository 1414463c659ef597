//! A modal dialog: the browser's own, which keeps the focus inside and gives it back.

use leptos::{ev, html, prelude::*};

/// A modal dialog. Its content exists only while it is open.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// Whether it is closed by its own buttons alone, not by Escape.
    #[prop(optional)]
    kept_open: bool,
    /// Its content.
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let (Some(dialog), open) = (dialog.get(), open.get()) else {
            return;
        };
        if open && !dialog.open() {
            // Refused only while the element is not in the document, where it would not be seen either.
            drop(dialog.show_modal());
        } else if !open {
            dialog.close();
        }
    });
    view! {
        <dialog
            class="dialog"
            node_ref=dialog
            aria-label=title
            on:close=move |_| open.set(false)
            on:cancel=move |event: ev::Event| {
                if kept_open {
                    event.prevent_default();
                }
            }
        >
            <Show when=move || open.get()>
                <div class="dialog__content">
                    <h2>{title}</h2>
                    {children()}
                </div>
            </Show>
        </dialog>
    }
}
