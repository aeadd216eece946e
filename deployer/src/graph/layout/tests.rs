use proptest::prelude::*;

use super::*;

const NODE: Size = Size { width: 100, height: 50 };
const LABEL: Size = Size { width: 24, height: 18 };

fn links(edges: &[(usize, usize)]) -> Vec<Link> {
    edges.iter().map(|(from, to)| Link { from: *from, to: *to, label: LABEL }).collect()
}

#[test]
fn a_chain_is_a_straight_line_downwards() {
    let drawing = draw(&[NODE; 3], &links(&[(0, 1), (1, 2)]));
    assert_eq!(drawing.size.width, 100);
    assert!(drawing.boxes.iter().all(|place| place.x == 50), "{drawing:?}");
    assert!(drawing.boxes.windows(2).all(|pair| pair[0].y + 50 < pair[1].y), "{drawing:?}");
}

#[test]
fn what_can_be_drawn_without_crossings_is() {
    // In the order of their numbers, each edge would cross each other.
    let mut grid = Grid::new(&[NODE; 6], &links(&[(0, 5), (1, 4), (2, 3)]));
    assert!(crossings::count(&grid) > 0);
    crossings::lessen(&mut grid);
    assert_eq!(crossings::count(&grid), 0);
}

#[test]
fn an_edge_goes_around_what_lies_in_its_way() {
    // A function needs a role, a log group and a secret, and the role needs both of these.
    let mut grid = Grid::new(&[NODE; 4], &links(&[(0, 1), (0, 2), (0, 3), (1, 2), (1, 3)]));
    crossings::lessen(&mut grid);
    assert_eq!(crossings::count(&grid), 0);
}

#[test]
fn nothing_is_an_empty_picture() {
    assert_eq!(draw(&[], &[]).size, Size::default());
    assert_eq!(draw(&[NODE], &[]).size, NODE);
}

fn overlap((one, its): (Place, Size), (other, others): (Place, Size)) -> bool {
    2 * (one.x - other.x).abs() < its.width + others.width
        && 2 * (one.y - other.y).abs() < its.height + others.height
}

proptest! {
    #[test]
    fn nothing_lies_on_anything_else_and_all_is_inside(
        edges in prop::collection::btree_set((0..7_usize, 1..7_usize), 0..16),
        width in 20..200_i32,
    ) {
        let edges: Vec<_> = edges.into_iter().map(|(from, by)| (from, from + by)).collect();
        let edges: Vec<_> = edges.into_iter().filter(|(_, to)| *to < 8).collect();
        let node = Size { width, height: 50 };
        let drawing = draw(&[node; 8], &links(&edges));
        let boxes = drawing.boxes.iter().map(|place| (*place, node));
        let labels = drawing.routes.iter().map(|route| (route.label, LABEL));
        let all: Vec<_> = boxes.chain(labels).collect();
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                prop_assert!(!overlap(*one, *other), "{one:?} {other:?}");
            }
            let (place, size) = one;
            prop_assert!(place.x >= size.width / 2 && place.y >= size.height / 2, "{one:?}");
            prop_assert!(place.x + size.width / 2 <= drawing.size.width, "{one:?}");
            prop_assert!(place.y + size.height / 2 <= drawing.size.height, "{one:?}");
        }
        for (route, (from, to)) in drawing.routes.iter().zip(&edges) {
            prop_assert!(route.points.windows(2).all(|pair| pair[0].y < pair[1].y), "{route:?}");
            prop_assert_eq!(route.points[0].y, drawing.boxes[*from].y + 25);
            prop_assert_eq!(route.points[route.points.len() - 1].y, drawing.boxes[*to].y - 25);
        }
    }
}
