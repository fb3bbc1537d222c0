//! Two tasks that pass phone numbers around among the same users, at the same time.
//!
//! Nothing is promised of how two tasks interleave, but that they do it record by record. So what
//! is seen is right if some order of the records explains all of it: [`is_explained`] looks for
//! one.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use crate::harness::{World, answer, assert_converged};

const BLOCKS: usize = 250;

/// Users, and so phone numbers, in a block: no record touches two blocks.
const USERS: usize = 4;

/// A record: this user is to have this phone number, or none.
type Change = (usize, Option<usize>);

/// What each user of a block has; at first its own.
type Phones = [Option<usize>; USERS];
const OWN: Phones = [Some(0), Some(1), Some(2), Some(3)];

/// One swaps along the sides of a square and the other across: neither can have all it wants.
const ONE: [Change; 6] =
    [(0, None), (1, Some(0)), (0, Some(1)), (2, None), (3, Some(2)), (2, Some(3))];
const TWO: [Change; 6] =
    [(1, None), (2, Some(1)), (1, Some(2)), (3, None), (0, Some(3)), (3, Some(0))];

/// A record of one of two tasks, and whether it failed.
#[derive(Debug, Clone, Copy)]
struct Act {
    task: usize,
    change: Change,
    failed: bool,
}

impl Act {
    /// Must this one, which stands earlier, act before that one? Only where both are of one task
    /// and share a login id.
    fn is_before(&self, that: &Self) -> bool {
        let ((user, phone), (other_user, other_phone)) = (self.change, that.change);
        let shares = user == other_user || (phone.is_some() && phone == other_phone);
        self.task == that.task && shares
    }

    /// What the block is after it, if it does here what was seen of it.
    fn act(&self, mut phones: Phones) -> Option<Phones> {
        let (user, phone) = self.change;
        let is_taken = |other: usize| other != user && phone.is_some() && phones[other] == phone;
        if (0..USERS).any(is_taken) {
            return self.failed.then_some(phones);
        }
        phones[user] = phone;
        (!self.failed).then_some(phones)
    }
}

/// Is there an order of the acts that gives each its outcome and leaves the block like this?
fn is_explained(acts: &[Act], left: Phones) -> bool {
    let all = (1_u32 << acts.len()) - 1;
    let (mut known, mut open) = (HashSet::new(), vec![(0_u32, OWN)]);
    while let Some((done, phones)) = open.pop() {
        if done == all && phones == left {
            return true;
        }
        for (at, act) in acts.iter().enumerate() {
            let waits = |&before: &usize| done & (1 << before) == 0 && acts[before].is_before(act);
            if done & (1 << at) != 0 || (0..at).any(|before| waits(&before)) {
                continue;
            }
            let next = act.act(phones).map(|phones| (done | 1 << at, phones));
            open.extend(next.filter(|next| known.insert(*next)));
        }
    }
    false
}

fn acts(task: usize, changes: &[Change], failed: &[usize]) -> Vec<Act> {
    let act = |(at, change): (usize, &Change)| Act {
        task,
        change: *change,
        failed: failed.contains(&at),
    };
    changes.iter().enumerate().map(act).collect()
}

#[test]
fn an_outcome_that_no_order_explains_is_seen() {
    let one_alone = [Some(1), Some(0), Some(3), Some(2)];
    assert!(is_explained(&acts(0, &ONE, &[]), one_alone));
    assert!(!is_explained(&acts(0, &ONE, &[]), OWN));
    // Its first two records share no login id, so the second may come first, and fail.
    assert!(is_explained(&acts(0, &ONE, &[1, 2]), [None, Some(1), Some(3), Some(2)]));
    assert!(!is_explained(&acts(0, &ONE, &[0]), one_alone));
    // After the first task, two of the second one's fail.
    let both = [acts(0, &ONE, &[]), acts(1, &TWO, &[1, 4])].concat();
    assert!(!is_explained(&both, one_alone));
    assert!(!is_explained(&both, [Some(1), Some(1), Some(3), Some(2)]));
}

fn email(user: usize) -> String {
    format!("user{user}@example.com")
}

fn phone(number: usize) -> String {
    format!("+4366414{number:05}")
}

/// What a record leaves at its user beside the number: each its own, so that none is lost unseen.
fn mark(task: usize, (user, phone): Change) -> String {
    format!("{task}: {user} {phone:?}")
}

/// A task's records: which block, and which of its changes.
fn lines(task: usize, changes: &[Change], order: &[(usize, usize)]) -> String {
    let line = |(block, at): &(usize, usize)| {
        let (user, new) = changes[*at];
        let new = new.map(|number| phone(block * USERS + number));
        let marks = json!({mark(task, changes[*at]): true});
        let email = email(block * USERS + user);
        json!({"email": email, "phone_number": new, "custom_attributes": marks}).to_string() + "\n"
    };
    order.iter().map(line).collect()
}

/// What a task did in each block, in the order of its file.
fn seen_in_blocks(
    task: usize,
    changes: &[Change],
    order: &[(usize, usize)],
    seen: &Value,
) -> Vec<Vec<Act>> {
    let mut blocks = vec![Vec::new(); BLOCKS];
    for (detail, (block, at)) in seen["details"].as_array().unwrap().iter().zip(order) {
        let failed = detail["outcome"] == "failed";
        if failed {
            let error = &detail["errors"][0];
            assert_eq!(error["reason"], "DuplicatedIdentity", "{detail}");
            assert_eq!(error["info"]["fields"], json!(["phone_number"]), "{detail}");
        } else {
            assert_eq!(detail["outcome"], "updated", "{detail}");
        }
        blocks[*block].push(Act { task, change: changes[*at], failed });
    }
    blocks
}

/// The phone numbers of a block, after a look at the marks of its users.
async fn phones_of(world: &World, block: usize, acts: &[Act]) -> Phones {
    let mut phones = [None; USERS];
    for (user, slot) in phones.iter_mut().enumerate() {
        let sql = "SELECT phone_number_key, coalesce(custom_attributes::text, '{}')
                   FROM directory_user WHERE email_key = $1";
        let row = world.database.row(sql, &[&email(block * USERS + user)]).await;
        let key: Option<String> = row.get(0);
        *slot = key.map(|key| {
            let number = (0..USERS).find(|number| phone(block * USERS + number) == key);
            number.unwrap_or_else(|| panic!("{key} came from another block"))
        });
        let marks: BTreeMap<String, bool> = serde_json::from_str(row.get(1)).unwrap();
        let done = acts.iter().filter(|act| act.change.0 == user && !act.failed);
        let expected = done.map(|act| (mark(act.task, act.change), true)).collect();
        assert_eq!(marks, expected, "user {user} of block {block} has what succeeded: {acts:?}");
    }
    phones
}

/// Sends both at once, and looks in each block for an order that explains what it saw.
async fn pass_around(one: &[Change], two: &[Change], orders: [&[(usize, usize)]; 2]) {
    let world = World::new().await;
    let (_api, client, worker) = world.started(1).await;
    let users = (0..BLOCKS * USERS)
        .map(|user| json!({"email": email(user), "phone_number": phone(user)}).to_string() + "\n");
    let made = client.import_lines(users.collect()).await.task();
    assert_converged(&world, &client, &made).await;
    drop(worker);

    let send = |body: String| answer(client.ndjson("identifier=email&upsert=true").body(body));
    let tasks =
        [send(lines(0, one, orders[0])).await.task(), send(lines(1, two, orders[1])).await.task()];
    // Each holds its users until the other wants them too.
    let role =
        world.worker().env("WORKER_CONCURRENCY", 4).failpoints("apply.before_commit=delay:200");
    let workers = [role.clone().start().await, role.clone().start().await, role.start().await];

    let seen_one = assert_converged(&world, &client, &tasks[0]).await;
    let seen_two = assert_converged(&world, &client, &tasks[1]).await;
    let seen_one = seen_in_blocks(0, one, orders[0], &seen_one);
    let seen_two = seen_in_blocks(1, two, orders[1], &seen_two);
    for (block, (one, two)) in seen_one.into_iter().zip(seen_two).enumerate() {
        let acts = [one, two].concat();
        let phones = phones_of(&world, block, &acts).await;
        assert!(is_explained(&acts, phones), "block {block}: {acts:?} left {phones:?}");
    }
    let mut met = 0.0;
    for worker in &workers {
        let seen = client.metrics(worker.address()).await;
        met += seen.sum("user_import_races_total", "");
        met += seen.sum("user_import_transient_retries_total", "");
    }
    assert!(met > 0.0, "they met");
}

/// All changes of a block before the next block.
fn by_block(changes: usize) -> Vec<(usize, usize)> {
    (0..BLOCKS).flat_map(|block| (0..changes).map(move |at| (block, at))).collect()
}

/// The same change in all blocks before the next change.
fn by_step(changes: usize) -> Vec<(usize, usize)> {
    (0..changes).flat_map(|at| (0..BLOCKS).map(move |block| (block, at))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_that_pass_phone_numbers_around_do_what_some_order_explains() {
    pass_around(&ONE, &TWO, [&by_block(6), &by_step(6)]).await;
}

/// Each gives a number away and wants the other's: one of them comes too early, but never both.
#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_that_want_each_other_s_numbers_are_not_both_refused() {
    let one = [(0, None), (0, Some(1)), (2, None), (2, Some(3))];
    let two = [(1, None), (1, Some(0)), (3, None), (3, Some(2))];
    pass_around(&one, &two, [&by_block(4), &by_block(4)]).await;
}
