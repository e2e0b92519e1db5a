CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    cents INTEGER NOT NULL,
    legacy_code TEXT NOT NULL
);

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    country TEXT NOT NULL,
    placed_at TEXT NOT NULL
);

CREATE INDEX orders_by_product ON orders (product_id);

INSERT INTO products (id, name, cents, legacy_code) VALUES
    (1, 'Copper kettle', 6490, 'KET-01'),
    (2, 'Linen apron', 2950, 'APR-01'),
    (3, 'Beechwood spoon', 790, 'SPO-03'),
    (4, 'Cast-iron pan', 8900, 'PAN-02'),
    (5, 'Bread knife', 4250, 'KNI-07'),
    (6, 'Salt cellar', 1990, 'SAL-01'),
    (7, 'Pepper mill', 3400, 'MIL-01'),
    (8, 'Stoneware bowl', 2290, 'BOW-04'),
    (9, 'Glass carafe', 2690, 'CAR-02'),
    (10, 'Tea towel', 990, 'TOW-05'),
    (11, 'Oak board', 5450, 'BOA-01'),
    (12, 'Espresso cup', 1290, 'CUP-06');
