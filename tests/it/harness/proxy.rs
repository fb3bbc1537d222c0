//! A TCP proxy between two parties, and what a network can do to them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What becomes of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    Pass,
    /// Each piece waits this long.
    Delay(Duration),
    /// Nothing gets through, and nobody is told: a cable pulled, a firewall that drops.
    Silent,
    /// At most so many bytes a second in each direction of a connection.
    Throttle(u32),
    /// Only what the client says gets through.
    ToServerOnly,
    /// Only what the server says gets through.
    ToClientOnly,
    /// Connections end, and new ones end at once.
    Cut,
    /// As [`Leg::Cut`], by a reset instead of an orderly end.
    Reset,
    /// A connection is reset once so many bytes more went through it in one direction.
    CutAfter(usize),
    /// One answer of Postgres to a COMMIT out of so many is lost, and its connection reset.
    LoseCommits(usize),
}

/// Listens on a port of its own until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    leg: watch::Sender<Leg>,
    servers: Arc<Mutex<Vec<String>>>,
    counts: Arc<Counts>,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Connections that were opened, refused ones not counted.
    opened: AtomicUsize,
    /// Those that are open now.
    open: AtomicUsize,
    /// Pieces that were delayed, held back or never delivered, and connections that were ended.
    hits: AtomicUsize,
    commits: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

impl Proxy {
    /// In front of `host:port`.
    pub async fn to(server: String) -> Self {
        Self::among(vec![server]).await
    }

    /// In front of several, as a balancer: each connection goes to the next one that takes it.
    pub async fn among(servers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (leg, seen) = watch::channel(Leg::Pass);
        let counts = Arc::new(Counts::default());
        let servers = Arc::new(Mutex::new(servers));
        let (counted, targets) = (counts.clone(), servers.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Ends, and ends everybody with it, when the proxy is dropped.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if ends(*seen.borrow()) {
                    counted.hits.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let number = counted.opened.fetch_add(1, Ordering::Relaxed);
                counted.open.fetch_add(1, Ordering::Relaxed);
                let mut servers = targets.lock().unwrap().clone();
                let first = number % servers.len();
                servers.rotate_left(first);
                let (seen, counts) = (seen.clone(), counted.clone());
                connections.spawn(async move {
                    carry(client, &servers, seen, &counts).await;
                    counts.open.fetch_sub(1, Ordering::Relaxed);
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, leg, servers, counts, _tasks: tasks }
    }

    /// New connections go to another `host:port`.
    pub fn retarget(&self, server: String) {
        *self.servers.lock().unwrap() = vec![server];
    }

    /// In front of the server that a URL names; returns the URL through the proxy too.
    pub async fn before(url: &str) -> (Self, String) {
        let proxy = Self::to(super::servers::address_of(url)).await;
        let through = super::with_address(url, proxy.address);
        (proxy, through)
    }

    pub fn set(&self, leg: Leg) {
        self.leg.send_replace(leg);
    }

    /// Cuts every connection and returns once none is left; new ones are let through again.
    pub async fn cut_all(&self) {
        self.set(Leg::Cut);
        super::eventually("every connection is cut", 30, async || {
            let open = self.counts.open.load(Ordering::Relaxed);
            super::holds(open == 0, open)
        })
        .await;
        self.set(Leg::Pass);
    }

    pub fn opened(&self) -> usize {
        self.counts.opened.load(Ordering::Relaxed)
    }

    /// How often the leg did something to somebody.
    pub fn hits(&self) -> usize {
        self.counts.hits.load(Ordering::Relaxed)
    }
}

/// The connection is to end by a reset.
struct Broken;

async fn first_that_answers(servers: &[String]) -> Option<TcpStream> {
    for server in servers {
        if let Ok(stream) = TcpStream::connect(server).await {
            return Some(stream);
        }
    }
    None
}

async fn carry(client: TcpStream, servers: &[String], leg: watch::Receiver<Leg>, counts: &Counts) {
    let Some(server) = first_that_answers(servers).await else { return };
    let (from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut ending = leg.clone();
    let is_broken = tokio::select! {
        carried = async {
            tokio::try_join!(
                copy(from_client, &mut to_server, Direction::ToServer, leg.clone(), counts),
                copy(from_server, &mut to_client, Direction::ToClient, leg.clone(), counts),
            )
        } => carried.is_err(),
        leg = ending.wait_for(|leg| ends(*leg)) => {
            counts.hits.fetch_add(1, Ordering::Relaxed);
            leg.is_ok_and(|leg| *leg == Leg::Reset)
        }
    };
    if is_broken {
        for half in [to_client, to_server] {
            let _ = half.as_ref().set_zero_linger();
            // Dropped, it would say that no more comes, which is an orderly end.
            half.forget();
        }
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    direction: Direction,
    mut leg: watch::Receiver<Leg>,
    counts: &Counts,
) -> Result<(), Broken> {
    let mut piece = vec![0; 64 << 10];
    let mut through = 0;
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        if !passes(*leg.borrow(), direction) {
            counts.hits.fetch_add(1, Ordering::Relaxed);
        }
        // What was read while the way was blocked goes on its way once it opens again.
        let Ok(now) = leg.wait_for(|leg| passes(*leg, direction)).await.map(|leg| *leg) else {
            return Ok(());
        };
        let piece = &piece[..count];
        through = if let Leg::CutAfter(_) = now { through + count } else { 0 };
        if let Some(pause) = pause(now, count) {
            counts.hits.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(pause).await;
        }
        if is_lost(now, direction, piece, &counts.commits) || breaks(now, through) {
            counts.hits.fetch_add(1, Ordering::Relaxed);
            return Err(Broken);
        }
        if to.write_all(piece).await.is_err() {
            return Ok(());
        }
    }
    let _ = to.shutdown().await;
    Ok(())
}

fn ends(leg: Leg) -> bool {
    matches!(leg, Leg::Cut | Leg::Reset)
}

fn passes(leg: Leg, direction: Direction) -> bool {
    match leg {
        Leg::Silent => false,
        Leg::ToServerOnly => direction == Direction::ToServer,
        Leg::ToClientOnly => direction == Direction::ToClient,
        _ => true,
    }
}

fn pause(leg: Leg, bytes: usize) -> Option<Duration> {
    match leg {
        Leg::Delay(time) => Some(time),
        Leg::Throttle(a_second) => {
            Some(Duration::from_secs_f64(bytes as f64 / f64::from(a_second)))
        }
        _ => None,
    }
}

fn breaks(leg: Leg, through: usize) -> bool {
    matches!(leg, Leg::CutAfter(bytes) if through > bytes)
}

/// Is this the answer to a COMMIT whose turn it is?
fn is_lost(leg: Leg, direction: Direction, piece: &[u8], commits: &AtomicUsize) -> bool {
    let Leg::LoseCommits(out_of) = leg else { return false };
    // The tag of a CommandComplete, with the zero byte that ends it.
    direction == Direction::ToClient
        && piece.windows(7).any(|bytes| bytes == b"COMMIT\0")
        && commits.fetch_add(1, Ordering::Relaxed) % out_of == out_of - 1
}
