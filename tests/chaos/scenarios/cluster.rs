//! What happens to a RabbitMQ of three nodes.
//!
//! A balancer leads each connection to the next node that takes it, as it stands before a cluster
//! in production: the service knows one address.

use super::{Place, Scenario, USUAL, seconds};
use crate::harness::{eventually, holds};
use crate::stage::Stage;

const CLUSTER: Scenario = Scenario { place: Place::Cluster, accepts: true, ..USUAL };

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "cluster-loses-leader",
        does: "`kill -9` of the node of three that leads the queue, again 10 s after it is back",
        faults_min: 2,
        run: |stage| Box::pin(loses_leader(stage)),
        ..CLUSTER
    },
    Scenario {
        name: "cluster-loses-majority",
        does: "two nodes of three are stopped for 20 s",
        faults_min: 2,
        completes: false,
        run: |stage| Box::pin(loses_majority(stage)),
        ..CLUSTER
    },
    Scenario {
        name: "cluster-frozen",
        does: "SIGSTOP of all three nodes for 20 s",
        faults_min: 3,
        completes: false,
        run: |stage| Box::pin(frozen(stage)),
        ..CLUSTER
    },
    Scenario {
        name: "cluster-leader-frozen",
        does: "SIGSTOP of the node of three that leads the queue for 80 s, past the nodes' own patience; thawed, it is restarted after 20 s",
        run: |stage| Box::pin(leader_frozen(stage)),
        ..CLUSTER
    },
];

/// The number of the node that leads the queue of big tasks, as soon as it has a leader and three
/// members.
async fn leader(stage: &Stage) -> u32 {
    let (ground, queue) = (stage.ground(), stage.world.broker.bulk());
    eventually("a node leads a queue of three members", 60, async || {
        let listed = ground.try_ctl(&["list_queues", "name", "leader", "members"]).await?;
        let line = listed.lines().find(|line| line.starts_with(&queue)).unwrap_or_default();
        let columns: Vec<&str> = line.split('\t').collect();
        match columns[..] {
            [_, leader, members] if members.matches("user-import").count() == 3 => {
                number(leader).ok_or(listed)
            }
            _ => Err(listed),
        }
    })
    .await
}

/// A node's name ends in its number, but for the first one's.
fn number(node: &str) -> Option<u32> {
    let name = node.strip_suffix("@localhost")?;
    Some(if name.ends_with("-2") {
        2
    } else if name.ends_with("-3") {
        3
    } else {
        1
    })
}

async fn await_another_leader(stage: &Stage, gone: u32) {
    eventually("another node leads", 60, async || {
        let now = leader(stage).await;
        holds(now != gone, format!("{now} leads"))
    })
    .await;
}

async fn loses_leader(stage: &mut Stage) -> u64 {
    let mut faults = 0;
    for _ in 0..2 {
        let leads = leader(stage).await;
        stage.ground().servers(&["kill", "rabbitmq", &leads.to_string()]).await;
        await_another_leader(stage, leads).await;
        faults += 1;
        seconds(5).await;
        stage.ground().start_all().await;
        seconds(10).await;
    }
    faults
}

/// The one that leads is among those that go.
async fn loses_majority(stage: &mut Stage) -> u64 {
    let leads = leader(stage).await;
    let goes_too = leads % 3 + 1;
    let ground = stage.ground();
    tokio::join!(ground.stop_node(leads), ground.stop_node(goes_too));
    seconds(20).await;
    ground.start_all().await;
    seconds(5).await;
    2
}

async fn frozen(stage: &mut Stage) -> u64 {
    leader(stage).await;
    for node in 1..=3 {
        stage.ground().signal_node(node, "STOP");
    }
    seconds(20).await;
    for node in 1..=3 {
        stage.ground().signal_node(node, "CONT");
    }
    3
}

/// After a minute, more or less, the others take the node for dead. Thawed, it takes itself for the
/// only one that runs, in spite of `pause_minority`: it sees the others, and they see it. It stays
/// so until somebody restarts it.
async fn leader_frozen(stage: &mut Stage) -> u64 {
    let leads = leader(stage).await;
    stage.ground().signal_node(leads, "STOP");
    seconds(80).await;
    await_another_leader(stage, leads).await;
    stage.ground().signal_node(leads, "CONT");
    seconds(20).await;
    stage.ground().stop_node(leads).await;
    stage.ground().start_all().await;
    seconds(5).await;
    1
}
