//! The claim: places are shared among those who have something due, and nobody else takes one.

use std::collections::BTreeMap;

use user_import::amqp::Lane;
use user_import::relay::{Claimed, claim};

use crate::harness::{Chunk, World, forge_task};

const DUE: Chunk = Chunk { due_in_seconds: -1.0, waits: 0 };
const LEASED: Chunk = Chunk { due_in_seconds: 600.0, waits: 0 };
const WAITING: Chunk = Chunk { due_in_seconds: -1.0, waits: 1 };

async fn claims(world: &World, lane: Lane, places: i64) -> Vec<Claimed> {
    let pool = world.database.pool();
    let client = pool.get().await.unwrap();
    claim(&client, lane, places, 60).await.unwrap()
}

fn by_project(claimed: &[Claimed]) -> BTreeMap<i32, usize> {
    let mut counts = BTreeMap::new();
    for chunk in claimed {
        *counts.entry(chunk.project).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_with_nothing_due_take_no_place_from_one_that_has() {
    let world = World::without_project().await;
    for number in 0..1000 {
        let idle = if number % 2 == 0 { LEASED } else { WAITING };
        forge_task(&world.database, 1 + number % 50, 2, idle).await;
    }
    let big = forge_task(&world.database, 1, 500, DUE).await;
    let claimed = claims(&world, Lane::Bulk, 16).await;
    let indexes: Vec<i64> =
        claimed.iter().filter(|c| c.task == big.task).map(|c| c.first_index).collect();
    assert_eq!(indexes, (0..16).collect::<Vec<_>>(), "all places, in index order");
    let again = claims(&world, Lane::Bulk, 16).await;
    assert_eq!(
        again.iter().map(|c| c.first_index).collect::<Vec<_>>(),
        (16..32).collect::<Vec<_>>()
    );
    assert!(claimed.iter().chain(&again).all(|chunk| chunk.published == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_with_thirty_tasks_gets_no_more_than_one_with_one() {
    let world = World::without_project().await;
    for _ in 0..30 {
        forge_task(&world.database, 1, 20, DUE).await;
    }
    forge_task(&world.database, 2, 100, DUE).await;
    let claimed = claims(&world, Lane::Bulk, 16).await;
    assert_eq!(by_project(&claimed), BTreeMap::from([(1, 8), (2, 8)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_a_project_cannot_fill_goes_to_the_others() {
    let world = World::without_project().await;
    forge_task(&world.database, 1, 2, DUE).await;
    forge_task(&world.database, 2, 100, DUE).await;
    let claimed = claims(&world, Lane::Bulk, 16).await;
    assert_eq!(by_project(&claimed), BTreeMap::from([(1, 2), (2, 14)]));
    // Nothing is claimed twice while its lease runs.
    assert_eq!(by_project(&claims(&world, Lane::Bulk, 1000).await), BTreeMap::from([(2, 86)]));
    assert_eq!(claims(&world, Lane::Bulk, 1000).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_one_chunk_takes_the_express_lane() {
    let world = World::without_project().await;
    let small = forge_task(&world.database, 1, 1, DUE).await;
    let big = forge_task(&world.database, 1, 50, DUE).await;
    let express = claims(&world, Lane::Express, 16).await;
    assert_eq!(express.iter().map(|c| c.task).collect::<Vec<_>>(), [small.task]);
    let bulk = claims(&world, Lane::Bulk, 16).await;
    assert!(bulk.len() == 16 && bulk.iter().all(|c| c.task == big.task));
}

#[tokio::test(flavor = "multi_thread")]
async fn four_relays_at_once_claim_each_chunk_once() {
    let world = World::without_project().await;
    for project in 1..=4 {
        forge_task(&world.database, project, 100, DUE).await;
    }
    let relays = (0..4).map(async |_| {
        let mut all = Vec::new();
        loop {
            match claims(&world, Lane::Bulk, 7).await {
                claimed if claimed.is_empty() => return all,
                claimed => all.extend(claimed),
            }
        }
    });
    let mut claimed = futures_util::future::join_all(relays).await.concat();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 400);
    let most = "SELECT max(published)::bigint FROM import_chunk";
    assert_eq!(world.database.count(most, &[]).await, 1);
}
