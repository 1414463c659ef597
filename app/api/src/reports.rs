//! What the server asks for the pages that it renders itself.

use serde::{Deserialize, Serialize};

use crate::{ApiFuture, RequestDetail, RequestPage, UsageReport};

/// Usage and requests. The server renders their pages' figures, and the browser takes them as they are, so it needs none
/// of these types. Each answers a query string as it stands in the address; what is wrong with one is said with 422.
pub trait Reports: Send + Sync {
    /// `GET /api/usage?{query}`
    ///
    /// `range` (`24h`, `7d`, `30d`, `90d`, `12m`, `24m`; or `from` and `to` in ISO 8601, UTC), `granularity` (`auto`,
    /// `hour`, `day`, `month`), `metric`, `by`, and the filters `key` (its number), `model` and `endpoint` (whole names).
    fn usage(&self, query: &str) -> ApiFuture<UsageReport>;
    /// `GET /api/requests?{query}`
    ///
    /// `key` (its number), `model`, `endpoint`, `outcome`, `client`, `status` (`503` or `5xx`), `before` (the `next` of the
    /// page before) and `limit` (1 to 500).
    fn requests(&self, query: &str) -> ApiFuture<RequestPage>;
    /// `GET /api/requests/{id}`
    fn request(&self, id: &str) -> ApiFuture<RequestDetail>;
    /// What the filters offer.
    fn choices(&self) -> ApiFuture<Choices>;
}

/// What usage and requests can be filtered by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// The numbers and names of the keys, newest first.
    pub keys: Vec<(i64, String)>,
    /// The models that have been used.
    pub models: Vec<String>,
    /// The endpoints.
    pub endpoints: Vec<String>,
    /// How requests can end.
    pub outcomes: Vec<String>,
    /// The kinds of programs that send requests.
    pub clients: Vec<String>,
}
