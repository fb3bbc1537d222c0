//! The proxy that other tests cut their wires with does what it says.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Leg, Proxy, eventually, holds};

#[tokio::test]
async fn a_proxy_passes_blocks_and_cuts() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::to(server.local_addr().unwrap().to_string()).await;
    let mut client = TcpStream::connect(proxy.address).await.unwrap();
    let (mut peer, _) = server.accept().await.unwrap();
    client.write_all(b"zero").await.unwrap();
    let mut zero = [0; 4];
    peer.read_exact(&mut zero).await.unwrap();
    assert_eq!(&zero, b"zero");
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
    proxy.set(Leg::Silent);
    assert_eq!(say("two").await, "");
    proxy.set(Leg::Pass);
    say("three").await;
    proxy.set(Leg::ToServerOnly);
    say("four").await;
    proxy.set(Leg::Cut);
    let mut rest = String::new();
    peer.read_to_string(&mut rest).await.unwrap();
    assert_eq!(heard.lock().unwrap().clone() + &rest, "twothreefour");
    assert_eq!(proxy.opened(), 1);
}

/// A proxy in front of a server that says `COMMIT` to whatever it hears.
async fn before_a_server_that_commits() -> Proxy {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::to(server.local_addr().unwrap().to_string()).await;
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = server.accept().await {
            let mut piece = [0; 64];
            while let Ok(1..) = peer.read(&mut piece).await {
                peer.write_all(b"C\0\0\0\x0bCOMMIT\0").await.unwrap();
            }
        }
    });
    proxy
}

/// What the server answers on a new connection, or how that ended.
async fn ask(proxy: &Proxy) -> Result<usize, std::io::ErrorKind> {
    let mut client = TcpStream::connect(proxy.address).await.unwrap();
    client.write_all(b"COMMIT").await.map_err(|error| error.kind())?;
    let mut piece = [0; 64];
    client.read(&mut piece).await.map_err(|error| error.kind())
}

#[tokio::test]
async fn a_proxy_loses_answers_to_commits_and_counts_them() {
    let proxy = before_a_server_that_commits().await;
    proxy.set(Leg::LoseCommits(2));
    let reset = Err(std::io::ErrorKind::ConnectionReset);
    assert_eq!([ask(&proxy).await, ask(&proxy).await, ask(&proxy).await], [Ok(12), reset, Ok(12)]);
    assert_eq!(proxy.hits(), 1);
    proxy.set(Leg::CutAfter(8));
    assert_eq!(ask(&proxy).await, reset);
    for (leg, hits) in [(Leg::ToServerOnly, 3), (Leg::ToClientOnly, 4)] {
        proxy.set(leg);
        let held_back = eventually("a piece is held back", 30, async || {
            holds(proxy.hits() == hits, proxy.hits())
        });
        tokio::select! {
            answered = ask(&proxy) => panic!("{leg:?}: {answered:?}"),
            () = held_back => {}
        }
    }
}
