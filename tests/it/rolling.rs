//! Everything is restarted, one process after the other, while imports come in.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::harness::{Client, Process, World, assert_converged, lines};

/// Callers at once.
const CALLERS: usize = 3;

/// Where a proxy would send the next request, and how many were sent.
#[derive(Default)]
struct Proxy {
    ready: Mutex<Vec<SocketAddr>>,
    sent: AtomicUsize,
    closed: AtomicBool,
}

impl Proxy {
    fn add(&self, process: &Process) {
        self.ready.lock().unwrap().push(process.address());
    }

    /// As a preStop hook has it: first nobody is sent there any more, then the process is told.
    fn remove(&self, process: &Process) {
        self.ready.lock().unwrap().retain(|address| *address != process.address());
    }

    fn next(&self) -> (usize, SocketAddr) {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let ready = self.ready.lock().unwrap();
        (number, ready[number % ready.len()])
    }
}

/// Imports until the proxy closes; each answer has to be a 200.
async fn call(client: Client, proxy: Arc<Proxy>) -> Vec<String> {
    let mut tasks = Vec::new();
    while !proxy.closed.load(Ordering::Relaxed) {
        let (number, address) = proxy.next();
        let body = lines(number * 20..number * 20 + 20);
        tasks.push(client.at(address).import_lines(body).await.task());
    }
    tasks
}

/// Stops the process as a rollout does, and starts the same once more.
async fn replace(process: &mut Process) {
    process.terminate();
    assert_eq!(process.ended(60).await.code(), Some(0), "{}", process.log());
    process.again().await;
}

fn seconds_of(task: &serde_json::Value) -> f64 {
    let time = |name: &str| task[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    time("completed_at").duration_since(time("created_at")).as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_fails_no_request_and_loses_no_task() {
    let world = World::new().await;
    let mut apis = [world.api().start().await, world.api().start().await];
    let mut workers = [world.worker().start().await, world.worker().start().await];
    let proxy = Arc::new(Proxy::default());
    for api in &apis {
        proxy.add(api);
    }
    let client = world.client(&apis[0]).await;
    let callers: Vec<_> =
        (0..CALLERS).map(|_| tokio::spawn(call(client.clone(), proxy.clone()))).collect();
    for api in &mut apis {
        proxy.remove(api);
        replace(api).await;
        proxy.add(api);
    }
    for worker in &mut workers {
        replace(worker).await;
    }
    proxy.closed.store(true, Ordering::Relaxed);
    let client = client.at(apis[0].address());
    let (mut tasks, mut slowest) = (Vec::new(), 0.0_f64);
    for caller in callers {
        tasks.extend(caller.await.expect("every request is answered 200"));
    }
    assert!(tasks.len() > CALLERS, "there was load: {}", tasks.len());
    for task in &tasks {
        slowest = slowest.max(seconds_of(&client.wait(task, 60).await));
    }
    assert_converged(&world, &client, tasks.last().unwrap()).await;
    let sql = "SELECT count(*) FROM directory_user";
    assert_eq!(world.database.count(sql, &[]).await, 20 * tasks.len() as i64);
    println!("{} tasks, the slowest took {slowest:.1} s", tasks.len());
}
