//! What every crate of the server shares: time, randomness, secrets, API keys and usage records.
//!
//! Nothing here does input or output. The data path, the store and the console meet in these types,
//! so none of them has to know the others.

pub mod calendar;
pub mod clock;
pub mod entropy;
pub mod id;
pub mod key;
pub mod secret;
pub mod share;
pub mod trace;
pub mod usage;

pub use clock::{Clock, UnixMillis};
pub use entropy::Entropy;
pub use secret::Secret;
