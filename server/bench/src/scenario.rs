//! The loads that are put on a target, and what is measured under them.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    Options, Result,
    client::{Connection, chat_request},
    engine, process,
    report::Figure,
    target::{DIRECT, Target},
};

/// One load.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scenario {
    /// Small requests with small answers, as fast as 32 connections go.
    Small,
    /// Prompts of 400 kB.
    Large,
    /// 100 streams with an event every 20 ms each.
    Paced,
    /// Streams whose events come 256 at once.
    Burst,
    /// 200 streams of one event a second, started by the clock.
    FirstToken,
    /// Streams that are held open, and then all left at once.
    Held,
}

/// All of them, in the order of the table.
pub(crate) const ALL: [Scenario; 6] = [
    Scenario::Small,
    Scenario::Large,
    Scenario::Paced,
    Scenario::Burst,
    Scenario::FirstToken,
    Scenario::Held,
];

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Small => "small requests",
            Self::Large => "400 kB prompts",
            Self::Paced => "paced streams",
            Self::Burst => "streams in bursts",
            Self::FirstToken => "first token",
            Self::Held => "held streams",
        }
    }

    /// Puts the load on `target` once.
    pub(crate) async fn run(self, target: &Target, options: &Options) -> Result<Vec<Figure>> {
        let time = Duration::from_secs(options.seconds);
        let request = |user: &str, stream, bytes| Arc::new(chat_request(&target.key, user, stream, bytes));
        match self {
            Self::Small => closed_loop(target, request("whole", false, 40), 32, time, Unit::Request).await,
            Self::Large => closed_loop(target, request("whole", false, 400_000), 8, time, Unit::Request).await,
            Self::Paced => {
                let events = options.seconds * 50;
                let request = request(&format!("paced:{events}:20"), true, 40);
                closed_loop(target, request, 100, Duration::ZERO, Unit::Event).await
            }
            Self::Burst => closed_loop(target, request("burst:256:16", true, 40), 8, time, Unit::Event).await,
            Self::FirstToken => first_token(target, request("paced:1:1", true, 40), time).await,
            Self::Held => held(target, &request("held", true, 40), options.streams).await,
        }
    }
}

/// What CPU time is divided by.
#[derive(Clone, Copy)]
enum Unit {
    Request,
    Event,
}

/// Keeps `connections` busy until `time` is over; each makes at least one request.
async fn closed_loop(
    target: &Target,
    request: Arc<Vec<u8>>,
    connections: usize,
    time: Duration,
    unit: Unit,
) -> Result<Vec<Figure>> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(target.address).await?);
    }
    let before = process::cpu_time(target.process())?;
    let started = Instant::now();
    let mut workers = JoinSet::new();
    for mut connection in open {
        let request = Arc::clone(&request);
        workers.spawn(async move {
            let (mut requests, mut events) = (0_u64, 0_u64);
            loop {
                events += connection.exchange(&request).await?.events;
                requests += 1;
                if started.elapsed() >= time {
                    return Result::Ok((requests, events));
                }
            }
        });
    }
    let (mut requests, mut events) = (0, 0);
    while let Some(done) = workers.join_next().await {
        let done = done??;
        requests += done.0;
        events += done.1;
    }
    let spent = process::cpu_time(target.process())?.saturating_sub(before);
    if target.name == DIRECT {
        return Ok(Vec::new());
    }
    Ok(vec![match unit {
        Unit::Request => Figure::micros("CPU per request", spent, requests),
        Unit::Event => Figure::micros("CPU per event", spent, events),
    }])
}

/// Starts a request every 5 ms, whether or not the ones before have ended, so that a slow answer cannot slow the load.
async fn first_token(target: &Target, request: Arc<Vec<u8>>, time: Duration) -> Result<Vec<Figure>> {
    const CONNECTIONS: u32 = 20;
    const EVERY: Duration = Duration::from_millis(5);
    let start = Instant::now() + Duration::from_millis(100);
    let mut workers = JoinSet::new();
    for place in 0..CONNECTIONS {
        let request = Arc::clone(&request);
        let mut connection = Connection::open(target.address).await?;
        workers.spawn(async move {
            // The first request of a connection opens the one behind it.
            connection.exchange(&request).await?;
            let mut times = Vec::new();
            sleep_until(start + EVERY * place).await;
            let mut ticks = interval(EVERY * CONNECTIONS);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            while start.elapsed() < time {
                ticks.tick().await;
                times.push(connection.exchange(&request).await?.first_byte);
            }
            Result::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = workers.join_next().await {
        times.extend(done??);
    }
    times.sort_unstable();
    let quantile = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    Ok(vec![
        Figure::time("to the first token, p50", quantile(50)),
        Figure::time("to the first token, p99", quantile(99)),
    ])
}

/// Opens streams that stay silent after their first event, weighs them, and leaves them all at once.
async fn held(target: &Target, request: &Arc<Vec<u8>>, streams: usize) -> Result<Vec<Figure>> {
    /// Opened at a time: a listener's queue has its bounds.
    const AT_A_TIME: usize = 200;
    /// A target that has not let the engine know by then does not let it know: haproxy, for one, notices that a client
    /// has left when it next has something for it.
    const AT_MOST: Duration = Duration::from_secs(10);
    // What the first requests leave behind is not a stream's.
    for _ in 0..3 {
        let mut warm = Vec::new();
        for _ in 0..AT_A_TIME {
            warm.push(Connection::open(target.address).await?);
        }
        for connection in &mut warm {
            connection.begin(request).await?;
        }
        drop(warm);
        let _noticed = engine::until_none_open(target.engine, Duration::from_secs(2)).await?;
        engine::end_held(target.engine).await?;
    }
    let before = process::memory(target.process())?;
    let mut open = Vec::with_capacity(streams);
    while open.len() < streams {
        let mut opening = JoinSet::new();
        for _ in 0..AT_A_TIME.min(streams - open.len()) {
            let (address, request) = (target.address, Arc::clone(request));
            opening.spawn(async move {
                let mut connection = Connection::open(address).await?;
                connection.begin(&request).await?;
                Result::Ok(connection)
            });
        }
        while let Some(opened) = opening.join_next().await {
            open.push(opened??);
        }
    }
    let held = process::memory(target.process())?.saturating_sub(before);
    drop(open);
    let noticed = engine::until_none_open(target.engine, AT_MOST).await?;
    engine::end_held(target.engine).await?;
    let mut figures = Vec::new();
    if target.name != DIRECT {
        figures.push(Figure::kibibytes("memory per open stream", held, streams as u64));
    }
    figures.extend(noticed.map(|noticed| Figure::time("until the engine saw all leave", noticed)));
    Ok(figures)
}
