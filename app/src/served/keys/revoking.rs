//! The question before a key is revoked, from the list or from its own page.

use leptos::prelude::*;
use worv_api::ApiKey;

use super::super::{Visitor, parts};

/// Asks whether to revoke a key, and says what that does.
pub(in crate::served) fn revoking(key: &ApiKey, back: &str, visitor: &Visitor) -> AnyView {
    let effect = view! {
        <p>
            "Within a second, every request with " <code>{parts::masked(key)}</code>
            " is refused with status 401; requests under way are finished. This cannot be undone. The key stays in the list for the record."
        </p>
    };
    parts::question(
        visitor,
        format!("Revoke {}?", key.name),
        back,
        ("revoke", key.id),
        effect.into_any(),
        ("danger", "Revoke key"),
    )
}
