//! The data path: everything under `/v1`. Knows neither Leptos nor the database.
