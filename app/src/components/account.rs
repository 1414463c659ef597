//! Who is signed in, and the way out.

use leptos::prelude::*;
use worv_api::Role;

use crate::PageSettings;

/// The user's name, role and the button that signs out, a plain form.
#[component]
pub(crate) fn Account() -> impl IntoView {
    let session = use_context::<PageSettings>().and_then(|settings| settings.session);
    session.map(|session| {
        let role = match session.role {
            Role::Admin => "Administrator",
            Role::Viewer => "Viewer",
        };
        view! {
            <div class="account__user">
                <div class="account__who">
                    <p class="account__name">{session.user}</p>
                    <p class="account__role">{role}</p>
                </div>
                <form method="post" action="/logout">
                    <input type="hidden" name="csrf_token" value=session.csrf_token/>
                    <button class="button" data-kind="quiet" type="submit" aria-label="Sign out" title="Sign out">
                        <span class="icon" data-icon="leave" aria-hidden="true"></span>
                    </button>
                </form>
            </div>
        }
    })
}
