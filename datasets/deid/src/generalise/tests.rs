//! The search against the plainest model: every node, every class, every figure by its definition.

use super::model::Judge;
use super::{
    Column, Distance, Effort, GeneraliseError, Hierarchy, Model, Proof, Question, Sensitive, classify, search,
};
use proptest::prelude::*;
use std::collections::HashMap;
use std::num::NonZeroUsize;

fn float(count: impl TryInto<u32, Error: std::fmt::Debug>) -> f64 {
    f64::from(count.try_into().unwrap())
}

/// What a node is by definition: persons left out and loss; nothing when it leaves out too many.
fn by_definition(question: &Question, node: &[usize]) -> Option<(u64, f64)> {
    let persons = question.columns[0].codes.len();
    let mut classes = HashMap::<Vec<u32>, Vec<usize>>::new();
    for person in 0..persons {
        let group = |(column, level): (&Column, &usize)| {
            column.hierarchy.level(*level).unwrap().groups[usize::try_from(column.codes[person]).unwrap()]
        };
        classes.entry(question.columns.iter().zip(node).map(group).collect()).or_default().push(person);
    }
    let held = |members: &Vec<usize>| {
        members.len() >= usize::try_from(question.k).unwrap()
            && question.sensitive.iter().all(|sensitive| holds(sensitive, members))
    };
    let left_out: Vec<usize> = classes.values().filter(|members| !held(members)).flatten().copied().collect();
    if u64::try_from(left_out.len()).unwrap() > question.suppressed_max {
        return None;
    }
    let mut product = 1.0;
    for (column, level) in question.columns.iter().zip(node) {
        let (n, domain) = (float(persons), float(column.hierarchy.values()));
        let share = |person: usize| {
            let code = usize::try_from(column.codes[person]).unwrap();
            if left_out.contains(&person) { 1.0 } else { float(column.hierarchy.alike(*level, code)) / domain }
        };
        let sum: f64 = (0..persons).map(share).sum();
        let loss = if domain > 1.0 { ((sum - n / domain) / (n - n / domain)).max(0.0) } else { 0.0 };
        product *= 1.0 + loss;
    }
    Some((u64::try_from(left_out.len()).unwrap(), product.powf(1.0 / float(question.columns.len())) - 1.0))
}

fn holds(sensitive: &Sensitive, members: &[usize]) -> bool {
    let values = sensitive.codes.iter().max().unwrap() + 1;
    let shares = |persons: &mut dyn Iterator<Item = usize>| {
        let codes: Vec<u32> = persons.map(|person| sensitive.codes[person]).collect();
        let share = |value: u32| float(codes.iter().filter(|code| **code == value).count()) / float(codes.len());
        (0..values).map(share).collect::<Vec<f64>>()
    };
    let own = shares(&mut members.iter().copied());
    let whole = shares(&mut (0..sensitive.codes.len()));
    let mut falling: Vec<f64> = own.iter().copied().filter(|share| *share > 0.0).collect();
    falling.sort_by(|a, b| b.total_cmp(a));
    match &sensitive.model {
        Model::DistinctDiversity { l } => falling.len() >= usize::try_from(*l).unwrap(),
        Model::EntropyDiversity { l } => -falling.iter().map(|p| p * p.ln()).sum::<f64>() >= l.ln(),
        Model::RecursiveDiversity { c, l } => {
            falling[0] < c * falling.iter().skip(usize::try_from(*l).unwrap() - 1).sum::<f64>()
        }
        Model::Closeness { t, distance } => transport(&own, &whole, distance) <= *t,
    }
}

/// The cost of moving one distribution into the other: greedily along the order or up the tree, which is the least.
fn transport(own: &[f64], whole: &[f64], distance: &Distance) -> f64 {
    let extra: Vec<f64> = own.iter().zip(whole).map(|(p, q)| p - q).collect();
    match distance {
        Distance::Equal => extra.iter().filter(|extra| **extra > 0.0).sum(),
        Distance::Ordered => {
            let steps = (float(extra.len()) - 1.0).max(1.0);
            (1..extra.len()).map(|to| extra[..to].iter().sum::<f64>().abs() / steps).sum()
        }
        Distance::Hierarchical(tree) => {
            // On a tree each edge carries what its subtree has too much; two edges make a step of the whole height.
            let height = float(tree.levels()) - 1.0;
            let edges = |level: usize| {
                let groups = &tree.level(level).unwrap().groups;
                let names: std::collections::BTreeSet<u32> = groups.iter().copied().collect();
                let inside = |name: u32| (0..extra.len()).filter(move |value| groups[*value] == name);
                names.into_iter().map(|name| inside(name).map(|v| extra[v]).sum::<f64>().abs()).sum::<f64>()
            };
            (0..tree.levels() - 1).map(|level| edges(level) / (2.0 * height)).sum()
        }
    }
}

fn nodes(question: &Question) -> Vec<Vec<usize>> {
    question.columns.iter().fold(vec![vec![]], |nodes, column| {
        nodes.iter().flat_map(|n| (0..column.hierarchy.levels()).map(move |l| [n.as_slice(), &[l]].concat())).collect()
    })
}

fn hierarchy(values: usize) -> impl Strategy<Value = Hierarchy> {
    // Each level sends the groups below it to a few numbers.
    prop::collection::vec(prop::collection::vec(0_u32..3, values.max(3)), 0..3).prop_map(move |maps| {
        let mut levels = vec![(0..u32::try_from(values).unwrap()).collect::<Vec<u32>>()];
        for map in maps {
            let below = levels.last().unwrap();
            levels.push(below.iter().map(|group| map[usize::try_from(*group).unwrap()]).collect());
        }
        Hierarchy::new(&levels).unwrap()
    })
}

fn column(persons: usize) -> impl Strategy<Value = Column> {
    (1_usize..7).prop_flat_map(move |values| {
        let codes = prop::collection::vec(0..u32::try_from(values).unwrap(), persons);
        (hierarchy(values), codes).prop_map(|(hierarchy, codes)| Column { hierarchy, codes })
    })
}

fn model(values: usize) -> impl Strategy<Value = Model> {
    let tree = hierarchy(values).prop_map(move |tree| {
        let mut levels: Vec<Vec<u32>> =
            (0..tree.levels()).map(|level| tree.level(level).unwrap().groups.clone()).collect();
        levels.push(vec![0; values]);
        Distance::Hierarchical(Hierarchy::new(&levels).unwrap())
    });
    let distance = prop_oneof![Just(Distance::Equal), Just(Distance::Ordered), tree];
    // Not at thresholds that classes meet exactly, where rounding decides.
    prop_oneof![
        (1_u64..4).prop_map(|l| Model::DistinctDiversity { l }),
        (1.01_f64..3.99).prop_map(|l| Model::EntropyDiversity { l }),
        (0.51_f64..4.0, 1_u64..4).prop_map(|(c, l)| Model::RecursiveDiversity { c, l }),
        (0.01_f64..0.99, distance).prop_map(|(t, distance)| Model::Closeness { t, distance }),
    ]
}

fn sensitive(persons: usize) -> impl Strategy<Value = Sensitive> {
    let codes = prop::collection::vec(0_u32..4, persons).prop_map(|mut codes| {
        // All values occur.
        codes.iter_mut().zip(0..4).for_each(|(code, value)| *code = value);
        codes
    });
    (codes, model(4)).prop_map(|(codes, model)| Sensitive { codes, model })
}

fn question() -> impl Strategy<Value = Question> {
    (4_usize..50).prop_flat_map(|persons| {
        let columns = prop::collection::vec(column(persons), 1..5);
        let sensitive = prop::collection::vec(sensitive(persons), 0..3);
        (columns, sensitive, 1_u64..7, 0..=u64::try_from(persons).unwrap())
            .prop_map(|(columns, sensitive, k, suppressed_max)| Question { columns, sensitive, k, suppressed_max })
    })
}

fn effort(threads: usize) -> Effort {
    Effort { roll_up_rows: 1, roll_up_nodes: 6, ..Effort::new(NonZeroUsize::new(threads).unwrap()) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn the_least_loss_of_all_nodes_is_found_and_proved(question in question()) {
        let model = |node: Vec<usize>| by_definition(&question, &node).map(|figures| (node, figures));
        let all: Vec<(Vec<usize>, (u64, f64))> = nodes(&question).into_iter().filter_map(model).collect();
        let outcome = search(question.clone(), effort(1)).unwrap();
        prop_assert_eq!(outcome.proof, Proof::Optimal);
        let Some(best) = outcome.best else {
            prop_assert!(all.is_empty(), "{:?} hold", all);
            return Ok(());
        };
        let (_, (suppressed, loss)) = all.iter().find(|(node, _)| *node == best.levels).expect("it does not hold");
        prop_assert_eq!(best.suppressed, *suppressed);
        let classified = classify(&question, &best.levels).unwrap();
        let classes = classified.left_out.iter().zip(&classified.sizes);
        let (left_out, kept): (Vec<_>, Vec<_>) = classes.partition(|(left_out, _)| **left_out);
        prop_assert_eq!(left_out.iter().map(|(_, size)| **size).sum::<u64>(), *suppressed);
        prop_assert_eq!(kept.iter().map(|(_, size)| **size).min().unwrap_or(0), best.k);
        prop_assert_eq!(u64::try_from(kept.len()).unwrap(), best.classes);
        prop_assert!((best.loss - loss).abs() < 1e-12, "{} is not {}", best.loss, loss);
        let least = all.iter().map(|(_, (_, loss))| *loss).fold(f64::INFINITY, f64::min);
        prop_assert!(best.loss <= least + 1e-12, "{} is more than {}", best.loss, least);
    }

    #[test]
    fn the_number_of_threads_and_the_rolling_up_change_nothing(question in question()) {
        let one = search(question.clone(), effort(1)).unwrap();
        prop_assert_eq!(&one, &search(question.clone(), effort(3)).unwrap());
        let plain = Effort { roll_up_rows: usize::MAX, ..effort(2) };
        prop_assert_eq!(&one, &search(question, plain).unwrap());
    }

    #[test]
    fn a_search_that_is_cut_short_says_between_what_the_least_loss_lies(
        question in question(), nodes_max in 1_u64..30, checks_max in 1_u64..30,
    ) {
        let least = search(question.clone(), effort(1)).unwrap().best.map(|best| best.loss);
        let short = search(question.clone(), Effort { nodes_max, checks_max, ..effort(2) }).unwrap();
        prop_assert!(short.checks <= checks_max.max(1) + 8 + 16 * 4 || short.proof == Proof::Optimal);
        match (short.proof, short.best, least) {
            (Proof::Optimal, best, least) => prop_assert_eq!(best.map(|best| best.loss), least),
            (Proof::Within { .. }, best, None) => prop_assert!(best.is_none()),
            (Proof::Within { at_least }, best, Some(least)) => {
                prop_assert!(best.is_none_or(|best| best.loss >= least && best.loss >= at_least));
                prop_assert!(at_least <= least);
            }
        }
    }

    #[test]
    fn no_split_of_a_class_keeps_more_of_its_persons_than_are_not_doomed(
        (sensitive, parts) in (4_usize..40).prop_flat_map(|persons| {
            (sensitive(persons), prop::collection::vec(0_usize..4, persons))
        }),
        size in 1_usize..40,
    ) {
        let count = |persons: &mut dyn Iterator<Item = usize>| {
            let mut counts = [0_u64; 4];
            persons.for_each(|person| counts[usize::try_from(sensitive.codes[person]).unwrap()] += 1);
            counts
        };
        let whole = count(&mut (0..sensitive.codes.len()));
        let judge = Judge::new(sensitive.model.clone(), &whole);
        let values = |counts: [u64; 4]| {
            (0_u32..).zip(counts).filter(|(_, count)| *count > 0).collect::<Vec<(u32, u64)>>()
        };
        let size = size.min(parts.len());
        let doomed = judge.doomed(&values(count(&mut (0..size))));
        let kept = |part: usize| {
            let values = values(count(&mut (0..size).filter(|person| parts[*person] == part)));
            if !values.is_empty() && judge.holds(&values) { values.iter().map(|(_, count)| count).sum() } else { 0 }
        };
        let kept: u64 = (0..4).map(kept).sum();
        prop_assert!(kept + doomed <= u64::try_from(size).unwrap(), "{} kept, {} doomed of {}", kept, doomed, size);
    }
}

#[test]
fn keys_that_do_not_fit_in_64_bits_are_numbered_in_between() {
    // Sixteen columns of 40 values: 40^16 is more than 2^64.
    let codes = |column: u32| (0..200_u32).map(|person| (person / 2 * (column + 3)) % 40).collect();
    let identity: Vec<u32> = (0..40).collect();
    let hierarchy = Hierarchy::new(&[identity, vec![0; 40]]).unwrap();
    let columns = (0..16).map(|column| Column { hierarchy: hierarchy.clone(), codes: codes(column) }).collect();
    let question = Question { columns, sensitive: vec![], k: 2, suppressed_max: 0 };
    let best = search(question, effort(1)).unwrap().best.unwrap();
    assert_eq!((best.levels, best.suppressed), (vec![0; 16], 0));
    assert!(best.loss.abs() < f64::EPSILON);
}

#[test]
fn bands_of_numbers_are_a_hierarchy_when_coarser_ones_keep_the_finer_limits() {
    let ages: Vec<f64> = (0..100).map(f64::from).collect();
    let bands =
        |width: usize| (0..100).step_by(width).map(|age| f64::from(u32::try_from(age).unwrap())).collect::<Vec<_>>();
    let hierarchy = Hierarchy::from_breaks(&ages, &[bands(5), bands(10), vec![60.0]], true).unwrap();
    assert_eq!(
        (hierarchy.levels(), hierarchy.alike(0, 7), hierarchy.alike(2, 7), hierarchy.alike(3, 7)),
        (4, 5, 60, 100)
    );
    assert_eq!(
        Hierarchy::from_breaks(&ages, &[bands(5), bands(12)], true),
        Err(GeneraliseError::NotATree { level: 1 })
    );
}

#[test]
fn what_cannot_be_searched_is_refused() {
    assert_eq!(Hierarchy::new(&[]), Err(GeneraliseError::Hierarchy { levels: 0, values: 0 }));
    let column = Column { hierarchy: Hierarchy::new(&[vec![0, 1]]).unwrap(), codes: vec![0, 1] };
    let ask =
        |columns: Vec<Column>, sensitive| search(Question { columns, sensitive, k: 1, suppressed_max: 0 }, effort(1));
    assert_eq!(ask(vec![], vec![]), Err(GeneraliseError::Columns { columns: 0 }));
    assert_eq!(ask(vec![column.clone(); 17], vec![]), Err(GeneraliseError::Columns { columns: 17 }));
    let outside = Column { codes: vec![0, 2], ..column.clone() };
    assert_eq!(ask(vec![outside], vec![]), Err(GeneraliseError::Codes { persons: 2 }));
    let model = Model::EntropyDiversity { l: 0.5 };
    let sensitive = Sensitive { codes: vec![0, 1], model };
    assert_eq!(ask(vec![column], vec![sensitive]), Err(GeneraliseError::Model));
}
