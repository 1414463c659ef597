//! The last minutes of what a watch has published.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// 15 minutes at a sample a second.
const CAPACITY: usize = 900;

/// The last points, oldest first. Cheap to clone; every clone sees the same.
#[derive(Debug)]
pub struct History<P> {
    points: Arc<RwLock<VecDeque<P>>>,
}

/// Follows a watch until `cancel` or its end. `point` gives the time of a state, in Unix milliseconds and 0 for none, and
/// what is kept of it; a state of the same time as the last is no new point.
pub(crate) fn follow<T, P>(
    mut states: watch::Receiver<Arc<T>>,
    cancel: CancellationToken,
    point: impl Fn(&T) -> (i64, P) + Send + 'static,
) -> History<P>
where
    T: Send + Sync + 'static,
    P: Send + Sync + 'static,
{
    let history = History::default();
    let recorded = history.clone();
    let follower = async move {
        let mut last = 0;
        while states.changed().await.is_ok() {
            let (at, point) = point(&states.borrow_and_update());
            if at != last {
                last = at;
                recorded.push(point);
            }
        }
    };
    tokio::spawn(async move { cancel.run_until_cancelled(follower).await });
    history
}

impl<P> History<P> {
    fn push(&self, point: P) {
        let mut points = self.points.write().unwrap_or_else(PoisonError::into_inner);
        if points.len() == CAPACITY {
            points.pop_front();
        }
        points.push_back(point);
    }
}

impl<P: Clone> History<P> {
    /// The points, oldest first, at most 900.
    pub fn points(&self) -> Vec<P> {
        let points = self.points.read().unwrap_or_else(PoisonError::into_inner);
        points.iter().cloned().collect()
    }
}

impl<P> Default for History<P> {
    fn default() -> Self {
        Self { points: Arc::default() }
    }
}

impl<P> Clone for History<P> {
    fn clone(&self) -> Self {
        Self {
            points: Arc::clone(&self.points),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_states_are_kept_once_each() {
        let (sender, states) = watch::channel(Arc::new(0));
        let cancel = CancellationToken::new();
        let (noted, mut seen) = watch::channel(0);
        let history = follow(states, cancel, move |state: &i64| {
            noted.send_replace(*state);
            (state / 2, *state)
        });
        for state in 1..=2_000 {
            sender.send_replace(Arc::new(state));
            seen.wait_for(|noted| *noted == state).await.unwrap();
        }
        drop(sender);
        // The follower lets go of `noted` when the watch has ended, after its last point.
        while seen.changed().await.is_ok() {}
        let points = history.points();
        assert_eq!(points.len(), CAPACITY);
        assert_eq!((points[0], points[CAPACITY - 1]), (202, 2_000));
        assert!(
            points.iter().all(|point| point % 2 == 0),
            "a state of the same time is no new point"
        );
    }
}
