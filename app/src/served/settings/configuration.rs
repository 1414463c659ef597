//! The configuration that is in force, and where each part of it is from.

use leptos::prelude::*;
use serde_json::Value;
use worv_api::{EffectiveSettings, Setting, SettingSource};

use super::super::parts;

/// Every setting, with its value and where that is from.
pub(super) fn configuration(settings: &EffectiveSettings) -> AnyView {
    let file = match &settings.file {
        Some(file) => view! {
            <p class="muted">
                "Read from " <code>{file.clone()}</code> " at the start; the environment wins over the file."
            </p>
        }
        .into_any(),
        None => view! {
            <p class="muted">"No configuration file was read: defaults, and what the environment says."</p>
        }
        .into_any(),
    };
    let rows = settings.settings.iter().map(|setting| {
        let (class, source) = source(setting);
        view! {
            <tr class=class>
                <th scope="row">
                    <code>{setting.key.clone()}</code>
                </th>
                <td class="is-wrapped">{value(setting)}</td>
                <td data-label="Source">{source}</td>
            </tr>
        }
    });
    let columns = [("Setting", ""), ("Value", ""), ("Source", "")];
    let caption = "The configuration that is in force";
    let table = parts::table(caption, &columns, None, rows.collect_view().into_any());
    view! {
        {file}
        {table}
    }
    .into_any()
}

fn value(setting: &Setting) -> AnyView {
    let text = match &setting.value {
        _ if setting.hidden => return view! { <span class="muted">"Set, and not shown"</span> }.into_any(),
        None => return view! { <span class="muted">"Not set"</span> }.into_any(),
        Some(Value::Array(entries)) if entries.is_empty() => {
            return view! { <span class="muted">"None"</span> }.into_any();
        }
        Some(Value::Array(entries)) => entries.iter().map(plain).collect::<Vec<_>>().join("\n"),
        Some(value) => plain(value),
    };
    view! { <code>{text}</code> }.into_any()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn source(setting: &Setting) -> (&'static str, AnyView) {
    match setting.source {
        SettingSource::Default => ("", view! { <span class="muted">"Default"</span> }.into_any()),
        SettingSource::File => ("is-set", "File".into_any()),
        SettingSource::Environment => {
            let variable = setting.variable.clone().unwrap_or_default();
            ("is-set", view! { <code>{variable}</code> }.into_any())
        }
    }
}
