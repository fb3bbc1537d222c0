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
    /// Only what the client says gets through.
    ToServerOnly,
    /// Connections end, and new ones end at once.
    Cut,
}

/// Listens on a port of its own until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    leg: watch::Sender<Leg>,
    /// Connections that were opened, refused ones not counted.
    opened: Arc<AtomicUsize>,
    /// Those that are open now.
    open: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

impl Proxy {
    /// In front of `host:port`.
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (leg, seen) = watch::channel(Leg::Pass);
        let opened = Arc::new(AtomicUsize::new(0));
        let open = Arc::new(AtomicUsize::new(0));
        let (counted, counted_open) = (opened.clone(), open.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Ends, and ends everybody with it, when the proxy is dropped.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if *seen.borrow() == Leg::Cut {
                    continue;
                }
                counted.fetch_add(1, Ordering::Relaxed);
                counted_open.fetch_add(1, Ordering::Relaxed);
                let (carried, open) =
                    (carry(client, server.clone(), seen.clone()), counted_open.clone());
                connections.spawn(async move {
                    carried.await;
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Self { address, leg, opened, open, _tasks: tasks }
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
            let open = self.open.load(Ordering::Relaxed);
            super::holds(open == 0, open)
        })
        .await;
        self.set(Leg::Pass);
    }

    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

async fn carry(client: TcpStream, server: String, mut leg: watch::Receiver<Leg>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let one_way = copy(from_client, to_server, Direction::ToServer, leg.clone());
    let other_way = copy(from_server, to_client, Direction::ToClient, leg.clone());
    tokio::select! {
        ((), ()) = async { tokio::join!(one_way, other_way) } => {}
        _ = leg.wait_for(|leg| *leg == Leg::Cut) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    direction: Direction,
    mut leg: watch::Receiver<Leg>,
) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        // What was read while the way was blocked goes on its way once it opens again.
        let Ok(now) = leg.wait_for(|leg| passes(*leg, direction)).await.map(|leg| *leg) else {
            return;
        };
        if let Leg::Delay(time) = now {
            tokio::time::sleep(time).await;
        }
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

fn passes(leg: Leg, direction: Direction) -> bool {
    match leg {
        Leg::Pass | Leg::Delay(_) | Leg::Cut => true,
        Leg::Silent => false,
        Leg::ToServerOnly => direction == Direction::ToServer,
    }
}

#[tokio::test]
async fn a_proxy_passes_blocks_and_cuts() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::to(server.local_addr().unwrap().to_string()).await;
    let mut client = TcpStream::connect(proxy.address).await.unwrap();
    let (mut peer, _) = server.accept().await.unwrap();
    let heard = Arc::new(Mutex::new(String::new()));

    let mut say = async |text: &str| {
        client.write_all(text.as_bytes()).await.unwrap();
        let mut piece = [0; 64];
        let read = tokio::time::timeout(Duration::from_millis(300), peer.read(&mut piece)).await;
        let got = read.map_or(String::new(), |count| {
            String::from_utf8_lossy(&piece[..count.unwrap()]).into_owned()
        });
        heard.lock().unwrap().push_str(&got);
        got
    };
    assert_eq!(say("one").await, "one");
    proxy.set(Leg::Silent);
    assert_eq!(say("two").await, "");
    proxy.set(Leg::Pass);
    say("three").await;
    proxy.set(Leg::ToServerOnly);
    say("four").await;
    proxy.set(Leg::Cut);
    let mut rest = String::new();
    peer.read_to_string(&mut rest).await.unwrap();
    assert_eq!(heard.lock().unwrap().clone() + &rest, "onetwothreefour");
    assert_eq!(proxy.opened(), 1);
}
