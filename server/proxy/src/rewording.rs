//! What is changed in the words of an answer on its way to the caller: the model's name, and Han script.

use std::borrow::Cow;

use crate::{echo::Echo, han};

/// The changes that one request's answer gets. Without any, its bytes are not looked at.
#[derive(Debug, Default)]
pub(crate) struct Rewording {
    /// Present where the caller's own name for the model takes the place of the engine's.
    pub(crate) echo: Option<Box<Echo>>,
    /// Whether Han script is taken out.
    pub(crate) strips_han: bool,
}

impl Rewording {
    /// A whole answer, or one event of a stream, as the caller gets it.
    pub(crate) fn apply<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let echoed = match &self.echo {
            Some(echo) => echo.apply(bytes),
            None => Cow::Borrowed(bytes),
        };
        if !self.strips_han {
            return echoed;
        }
        match echoed {
            Cow::Borrowed(bytes) => han::strip(bytes),
            Cow::Owned(bytes) => Cow::Owned(han::strip(&bytes).into_owned()),
        }
    }
}
