//! Who waits, who is next, and who is told to come back.

use super::*;
use futures::{FutureExt, future::BoxFuture};

const LIMITS: QueueLimits = QueueLimits {
    concurrency: 1,
    length: 100,
    bytes: 1_000,
    patience: Duration::from_secs(30),
};

type Entering = BoxFuture<'static, Result<Slot, NoRoom>>;

/// A request that has found no room and waits.
fn waiting(queue: &Arc<Queue>, key: i64, weight: u16) -> Entering {
    let queue = Arc::clone(queue);
    let mut entering = async move { queue.enter(KeyId(key), weight, 10).await }.boxed();
    assert!((&mut entering).now_or_never().is_none(), "it was let in at once");
    entering
}

/// Ends one request after the other; the keys of those that are let in, in order.
fn served(slot: Slot, mut waiting: Vec<(i64, Entering)>) -> Vec<i64> {
    let (mut order, mut under_way) = (Vec::new(), slot);
    while !waiting.is_empty() {
        drop(under_way);
        let next = waiting.iter_mut().enumerate();
        let next = next.filter_map(|(place, (key, entering))| Some((place, *key, entering.now_or_never()?)));
        let (place, key, slot) = next
            .map(|(place, key, slot)| (place, key, slot.unwrap()))
            .next()
            .unwrap();
        under_way = slot;
        drop(waiting.remove(place));
        order.push(key);
    }
    order
}

/// Requests under way, and requests that wait.
fn load(queue: &Queue) -> (usize, usize) {
    let state = queue.state();
    (state.under_way, state.waiting)
}

async fn entered(queue: &Arc<Queue>) -> Slot {
    queue.enter(KeyId(0), 100, 10).await.unwrap()
}

#[tokio::test]
async fn one_request_does_not_wait_for_a_thousand_of_another_key() {
    let queue = Queue::new(LIMITS);
    let slot = entered(&queue).await;
    let mut requests: Vec<_> = (0..50).map(|_| (1, waiting(&queue, 1, 100))).collect();
    requests.push((2, waiting(&queue, 2, 100)));
    let order = served(slot, requests);
    assert!(order.iter().position(|key| *key == 2) <= Some(1), "{order:?}");
    assert_eq!(load(&queue), (0, 0));
}

#[tokio::test]
async fn keys_are_served_by_their_weights() {
    let queue = Queue::new(LIMITS);
    let slot = entered(&queue).await;
    let mut requests: Vec<_> = (0..40).map(|_| (1, waiting(&queue, 1, 100))).collect();
    requests.extend((0..40).map(|_| (2, waiting(&queue, 2, 300))));
    let order = served(slot, requests);
    let heavier = order[..40].iter().filter(|key| **key == 2).count();
    assert!((29..=31).contains(&heavier), "{heavier} of the first 40");
}

#[tokio::test]
async fn a_key_that_was_away_has_saved_up_nothing() {
    let queue = Queue::new(LIMITS);
    let slot = entered(&queue).await;
    let first: Vec<_> = (0..20).map(|_| (1, waiting(&queue, 1, 100))).collect();
    let mut early = first;
    let late = early.split_off(10);
    drop(early);
    let mut requests = late;
    requests.extend((0..10).map(|_| (2, waiting(&queue, 2, 100))));
    let order = served(slot, requests);
    let of_second = order[..10].iter().filter(|key| **key == 2).count();
    assert!((4..=6).contains(&of_second), "{order:?}");
}

#[tokio::test]
async fn whoever_leaves_makes_room_in_the_queue() {
    let queue = Queue::new(LIMITS);
    let slot = entered(&queue).await;
    let (left, stays) = (waiting(&queue, 1, 100), waiting(&queue, 1, 100));
    drop(left);
    assert_eq!(load(&queue), (1, 1));
    drop(slot);
    // Let in, but gone before it noticed: the room is free again.
    drop(stays);
    assert_eq!(load(&queue), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_its_bounds_and_says_when_to_come_back() {
    let queue = Queue::new(QueueLimits {
        length: 2,
        bytes: 25,
        ..LIMITS
    });
    let slot = entered(&queue).await;
    let _waiting = [waiting(&queue, 1, 100), waiting(&queue, 2, 100)];
    assert!(queue.enter(KeyId(3), 100, 1).await.is_err(), "a third waits");
    let queue = Queue::new(QueueLimits { bytes: 25, ..LIMITS });
    let first = entered(&queue).await;
    let _waiting = [waiting(&queue, 1, 100), waiting(&queue, 2, 100)];
    assert!(queue.enter(KeyId(3), 100, 6).await.is_err(), "more bytes wait than may");
    let refused = queue.enter(KeyId(3), 100, 5).await.unwrap_err();
    assert_eq!(
        refused,
        NoRoom {
            retry_after: Duration::ZERO,
            held: false
        }
    );
    drop((slot, first));
}

#[tokio::test(start_paused = true)]
async fn while_the_intake_is_held_nobody_enters_and_the_admitted_finish() {
    let queue = Queue::new(LIMITS);
    let slot = entered(&queue).await;
    queue.set_intake(Intake::Held {
        expected: Some(Duration::from_secs(90)),
    });
    let mut drained = Box::pin(queue.drained());
    assert!((&mut drained).now_or_never().is_none());
    drop(slot);
    drained.await;
    let started = Instant::now();
    let refused = queue.enter(KeyId(1), 100, 1).await.unwrap_err();
    assert_eq!(started.elapsed(), LIMITS.patience);
    assert_eq!(
        refused,
        NoRoom {
            retry_after: Duration::from_mins(1),
            held: true
        }
    );
    let mut entering = waiting(&queue, 1, 100);
    queue.set_intake(Intake::Open);
    assert!((&mut entering).now_or_never().is_some_and(|entered| entered.is_ok()));
    queue.drained().now_or_never().unwrap();
}
