//! What happens to messages.

use std::time::{Duration, Instant};

use lapin::BasicProperties;
use lapin::types::AMQPValue;

use user_import::amqp::Lane;

use super::{Scenario, USUAL};
use crate::harness::Message;
use crate::load::Told;
use crate::stage::Stage;
use crate::tap::Tap;

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "delivered-twice",
        is_short: true,
        does: "every message is handed over a second time, for 20 s",
        faults_min: 10,
        accepts: true,
        run: |stage| Box::pin(delivered_twice(stage)),
        ..USUAL
    },
    Scenario {
        name: "shuffled-and-delayed",
        is_short: true,
        does: "messages reach workers in random order, one of them 15 s late, for 20 s",
        faults_min: 10,
        accepts: true,
        run: |stage| Box::pin(shuffled_and_delayed(stage)),
        ..USUAL
    },
    Scenario {
        name: "junk-messages",
        is_short: true,
        does: "messages of unknown tasks and chunks, of another version, without headers, empty, of 10 MB",
        faults_min: 60,
        accepts: true,
        run: |stage| Box::pin(junk_messages(stage)),
        ..USUAL
    },
    Scenario {
        name: "cancelled",
        is_short: true,
        does: "tasks are cancelled in the middle, and all their messages come again afterwards",
        faults_min: 1,
        accepts: true,
        run: |stage| Box::pin(cancelled(stage)),
        ..USUAL
    },
];

const A_MOMENT: Duration = Duration::from_millis(100);

async fn delivered_twice(stage: &mut Stage) -> u64 {
    let mut tap = Tap::on(&stage.world.broker).await;
    let until = Instant::now() + Duration::from_secs(20);
    let mut doubled = 0;
    while Instant::now() < until {
        if let Some(copy) = tap.next(A_MOMENT).await {
            tap.hand_over(&copy).await;
            doubled += 1;
        }
    }
    doubled
}

/// Nothing goes straight from the exchange to the workers; what does, goes through these hands.
async fn shuffled_and_delayed(stage: &mut Stage) -> u64 {
    let broker = &stage.world.broker;
    let mut tap = Tap::on(broker).await;
    let lanes = [(broker.bulk(), Lane::Bulk), (broker.express(), Lane::Express)];
    for (queue, lane) in &lanes {
        broker.unbind(queue, *lane).await;
    }
    let began = Instant::now();
    let (mut held, mut late, mut out_of_order) = (Vec::<Message>::new(), None, 0);
    let mut is_one_late = false;
    while began.elapsed() < Duration::from_secs(20) {
        let next = tap.next(A_MOMENT).await;
        let is_quiet = next.is_none();
        match next {
            Some(message) if !is_one_late => {
                is_one_late = true;
                late = Some(message);
            }
            Some(message) => held.push(message),
            None => {}
        }
        while held.len() > 8 || is_quiet && !held.is_empty() {
            let choice = stage.random.below(held.len() as u64) as usize;
            out_of_order += u64::from(choice > 0);
            tap.hand_over(&held.remove(choice)).await;
        }
        if began.elapsed() > Duration::from_secs(15)
            && let Some(message) = late.take()
        {
            tap.hand_over(&message).await;
        }
    }
    for (queue, lane) in &lanes {
        broker.bind(queue, *lane).await;
    }
    for message in &held {
        tap.hand_over(message).await;
    }
    out_of_order
}

fn with_header(properties: &BasicProperties, name: &str, value: AMQPValue) -> BasicProperties {
    let mut headers = properties.headers().clone().unwrap_or_default();
    headers.insert(name.into(), value);
    properties.clone().with_headers(headers)
}

async fn junk_messages(stage: &mut Stage) -> u64 {
    let broker = &stage.world.broker;
    let mut tap = Tap::on(broker).await;
    let until = Instant::now() + Duration::from_secs(20);
    let (mut put, mut unreadable) = (0, 0);
    while Instant::now() < until || put < 60 {
        let Some(Message { queue, properties, body }) = tap.next(A_MOMENT * 50).await else {
            panic!("nothing is published")
        };
        let kind = put % 8;
        let changed = |name: &str, value| with_header(&properties, name, value);
        let (properties, body) = match kind {
            0 => (changed("task", AMQPValue::LongLongInt(i64::MAX)), body),
            1 => (changed("v", AMQPValue::LongInt(9)), body),
            2 => (BasicProperties::default(), vec![0xff; 300]),
            3 => (properties, Vec::new()),
            4 => (properties, vec![7; 10 << 20]),
            5 => (changed("record_count", AMQPValue::LongInt(1)), body),
            6 => (changed("first_index", AMQPValue::LongLongInt(-1)), body),
            _ => (changed("project", AMQPValue::LongString("acme".into())), body),
        };
        unreadable += u32::from([1, 2, 7].contains(&kind));
        tap.put(&queue, properties, &body).await;
        put += 1;
        tokio::time::sleep(A_MOMENT).await;
    }
    let dead = broker.dead();
    crate::harness::eventually("what cannot be read is among the dead letters", 60, async || {
        let there = broker.ready(&dead).await;
        crate::harness::holds(there >= unreadable, format!("{there} of {unreadable}"))
    })
    .await;
    put
}

async fn cancelled(stage: &mut Stage) -> u64 {
    let mut tap = Tap::on(&stage.world.broker).await;
    let mut caller = stage.caller();
    let mut cancelled = 0;
    let mut copies = Vec::new();
    for _ in 0..12 {
        let mut sent = caller.plan_big();
        let Told::Task(task) = caller.send(&sent).await else { panic!("it is calm") };
        let pause = stage.random.below(150);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let answer = stage.clients[0].cancel(&task).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let ended = stage.clients[0].status(&task).await;
        cancelled += u64::from(ended["status"] == "cancelled");
        sent.cancelled = true;
        sent.task = Some(task);
        stage.seen.sent.lock().await.push(sent);
        while let Some(copy) = tap.next(Duration::from_millis(10)).await {
            copies.push(copy);
        }
        for copy in copies.drain(..) {
            tap.hand_over(&copy).await;
        }
    }
    cancelled
}
