//! The proxy that other tests cut their wires with does what it says.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Leg, Proxy};

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
