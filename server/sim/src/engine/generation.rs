//! Speaks an answer at its pace: a place in the queue, a prefill, then token after token, and the faults among them.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};

use super::{
    Knobs,
    knobs::FaultKind,
    script::{Content, Finish, Piece, Script},
    ticket::Ticket,
};

/// Some tokens of one choice that are sent together.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// Which choice.
    pub choice: u32,
    /// What a client sees; empty at an end that has no text.
    pub contents: Vec<Content>,
    /// Set on the last batch of the choice.
    pub finish: Option<Finish>,
    /// Tokens of the choice so far.
    pub generated: u64,
    /// Of these, reasoning.
    pub reasoning: u64,
}

/// Why an answer has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The connection goes.
    Closed,
    /// The engine says that it failed.
    Failed,
}

/// One choice being generated. Dropping it before its end aborts it.
struct Generation {
    choice: u32,
    pieces: std::vec::IntoIter<Piece>,
    finish: Option<Finish>,
    generated: u64,
    reasoning: u64,
    /// When the token before was due.
    due: Instant,
    knobs: watch::Receiver<Knobs>,
    // Before the slot, so that the request is counted out before the next one is counted in.
    ticket: Ticket,
    slots: Arc<Semaphore>,
    slot: Option<OwnedSemaphorePermit>,
}

/// The batches of all choices, as they come. Dropping it before its end aborts the request.
pub(super) fn generate(
    scripts: impl IntoIterator<Item = (Script, Ticket)>,
    slots: &Arc<Semaphore>,
    knobs: &watch::Receiver<Knobs>,
) -> BoxStream<'static, Result<Batch, Broken>> {
    let started = Instant::now();
    let choices = scripts.into_iter().zip(0..).map(|((script, ticket), choice)| {
        let generation = Generation {
            choice,
            pieces: script.pieces.into_iter(),
            finish: Some(script.finish),
            generated: 0,
            reasoning: 0,
            due: started,
            slots: Arc::clone(slots),
            slot: None,
            knobs: knobs.clone(),
            ticket,
        };
        generation.batches().boxed()
    });
    let mut choices: Vec<_> = choices.collect();
    match choices.pop() {
        Some(only) if choices.is_empty() => only,
        last => stream::select_all(choices.into_iter().chain(last)).boxed(),
    }
}

impl Generation {
    fn batches(self) -> impl Stream<Item = Result<Batch, Broken>> {
        stream::unfold(Some(self), async |state| {
            let mut generation = state?;
            let batch = generation.next().await;
            let ended = batch.as_ref().map_or(true, |batch| batch.finish.is_some());
            Some((batch, (!ended).then_some(generation)))
        })
    }

    /// The next batch that has something to show.
    async fn next(&mut self) -> Result<Batch, Broken> {
        if self.slot.is_none() {
            self.begin().await?;
        }
        let mut contents = Vec::new();
        let mut room = self.step();
        loop {
            let Some(piece) = self.pieces.next() else {
                return Ok(self.end(contents));
            };
            self.fail_if_due().await?;
            if self.generated > 0 {
                let pause = u32::try_from(piece.tokens).unwrap_or(u32::MAX);
                self.pace(|knobs| knobs.time_per_token.saturating_mul(pause)).await;
            }
            self.count(&piece);
            room = room.saturating_sub(piece.tokens);
            if piece.content != Content::Mark {
                contents.push(piece.content);
            }
            if self.pieces.len() == 0 {
                return Ok(self.end(contents));
            }
            if room == 0 && !contents.is_empty() {
                return Ok(self.batch(contents, None));
            }
        }
    }

    /// How many tokens the next step of the engine makes: one, and those of its drafts that are accepted.
    fn step(&mut self) -> u64 {
        let drafted = self.knobs.borrow().tokens_per_chunk.saturating_sub(1) as u64;
        let accepts = |position: &u64| {
            // Three in four; the same ones each time.
            let mut hasher = DefaultHasher::new();
            (self.generated, position).hash(&mut hasher);
            !hasher.finish().is_multiple_of(4)
        };
        let accepted = (0..drafted).take_while(accepts).count() as u64;
        self.ticket.drafted(drafted, accepted);
        1 + accepted
    }

    /// Waits for a slot, then for the prefill.
    async fn begin(&mut self) -> Result<(), Broken> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_closed| Broken::Closed)?;
        self.slot = Some(slot);
        self.ticket.run();
        self.due = Instant::now();
        let prompt = u32::try_from(self.ticket.prompt_tokens()).unwrap_or(u32::MAX);
        self.pace(|knobs| knobs.time_to_first_token + knobs.time_per_prompt_token.saturating_mul(prompt))
            .await;
        Ok(())
    }

    /// Waits until `pause` after the token before, however the knobs are turned meanwhile.
    async fn pace(&mut self, pause: impl Fn(&Knobs) -> Duration) {
        loop {
            let due = self.due + pause(&self.knobs.borrow_and_update());
            if due <= Instant::now() {
                self.due = due;
                return;
            }
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                changed = self.knobs.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Lets a fault strike, if it is due. A stall ends when the knob is turned again.
    async fn fail_if_due(&mut self) -> Result<(), Broken> {
        let generated = self.generated;
        let due = |knobs: &Knobs| {
            knobs
                .fault
                .filter(|fault| generated >= fault.after_tokens)
                .map(|fault| fault.kind)
        };
        loop {
            let fault = due(&self.knobs.borrow_and_update());
            match fault {
                None => return Ok(()),
                Some(FaultKind::Stall) => {
                    let over = self
                        .knobs
                        .wait_for(|knobs| due(knobs) != Some(FaultKind::Stall))
                        .await
                        .is_err();
                    self.due = Instant::now();
                    if over {
                        return Err(Broken::Closed);
                    }
                }
                Some(FaultKind::Close) => return Err(self.broken(Broken::Closed).await),
                Some(FaultKind::Error) => return Err(self.broken(Broken::Failed).await),
            }
        }
    }

    async fn broken(&mut self, how: Broken) -> Broken {
        // What was generated before goes out before the connection breaks.
        tokio::task::yield_now().await;
        self.ticket.fail();
        how
    }

    fn count(&mut self, piece: &Piece) {
        self.generated += piece.tokens;
        if matches!(piece.content, Content::Reasoning(_)) {
            self.reasoning += piece.tokens;
        }
        self.ticket.generated(piece.tokens);
    }

    fn end(&mut self, contents: Vec<Content>) -> Batch {
        let finish = self.finish.take().unwrap_or(Finish::Stop);
        self.ticket.finish(&finish);
        self.batch(contents, Some(finish))
    }

    fn batch(&self, contents: Vec<Content>, finish: Option<Finish>) -> Batch {
        Batch {
            choice: self.choice,
            contents,
            finish,
            generated: self.generated,
            reasoning: self.reasoning,
        }
    }
}
