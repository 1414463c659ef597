//! Telling who waits for a record that it is safe.
//!
//! Another thread's runtime is woken by a system call, and so is each of its tasks that is woken from here. But many
//! records become safe at the same time: so a task of that runtime is told of all whose requests it serves, and tells
//! them where that costs next to nothing.

use std::{cell::RefCell, sync::Arc};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

/// Who waits for one record.
pub(super) struct Waiting {
    safe: oneshot::Sender<()>,
    /// None where no runtime runs.
    teller: Option<Arc<Teller>>,
}

/// Leads to the task that tells those of one thread.
type Teller = mpsc::UnboundedSender<Vec<oneshot::Sender<()>>>;

thread_local! {
    static TELLER: RefCell<Option<Arc<Teller>>> = const { RefCell::new(None) };
}

/// One who waits on this thread, and what resolves when it is told, or when nobody is left to tell it.
pub(super) fn wait() -> (Waiting, oneshot::Receiver<()>) {
    let (safe, told) = oneshot::channel();
    (Waiting { safe, teller: teller() }, told)
}

/// Tells all of them. Those who have stopped waiting are passed over.
pub(super) fn tell(all: impl IntoIterator<Item = Waiting>) {
    let mut by_teller: Vec<(Arc<Teller>, Vec<oneshot::Sender<()>>)> = Vec::new();
    for Waiting { safe, teller } in all {
        let Some(teller) = teller else {
            let _ = safe.send(());
            continue;
        };
        match by_teller.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &teller)) {
            Some((_, waiting)) => waiting.push(safe),
            None => by_teller.push((teller, vec![safe])),
        }
    }
    for (teller, waiting) in by_teller {
        if let Err(unsent) = teller.send(waiting) {
            tell_each(unsent.0);
        }
    }
}

/// The task of this thread's runtime, begun with the first who waits there.
fn teller() -> Option<Arc<Teller>> {
    TELLER.with_borrow_mut(|teller| {
        if teller.as_ref().is_none_or(|teller| teller.is_closed()) {
            let (sender, mut lists) = mpsc::unbounded_channel();
            Handle::try_current().ok()?.spawn(async move {
                while let Some(waiting) = lists.recv().await {
                    tell_each(waiting);
                }
            });
            *teller = Some(Arc::new(sender));
        }
        teller.clone()
    })
}

fn tell_each(waiting: Vec<oneshot::Sender<()>>) {
    for safe in waiting {
        let _ = safe.send(());
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn everybody_is_told_wherever_they_wait() {
        let (outside, mut told) = wait();
        tell([outside]);
        told.try_recv().unwrap();

        // The second of them finds the first one's teller gone.
        for _ in 0..2 {
            let runtime = Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let ((first, first_told), (second, second_told), (given_up, _)) = (wait(), wait(), wait());
                std::thread::spawn(|| tell([first, given_up, second])).join().unwrap();
                first_told.await.unwrap();
                second_told.await.unwrap();
            });
        }

        let runtime = Builder::new_current_thread().build().unwrap();
        let (late, mut told) = runtime.block_on(async { wait() });
        drop(runtime);
        tell([late]);
        told.try_recv().unwrap();
    }
}
