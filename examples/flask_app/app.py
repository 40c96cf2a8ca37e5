"""Keeps the items POSTed to it in the PostgreSQL that DATABASE_URL names."""

import os
import time

import psycopg2
from flask import Flask, jsonify, request
from waitress import serve

app = Flask(__name__)


def connect():
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    return connection


def wait_for_database(seconds=30):
    """Both are started side by side; the database may need a moment longer."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            return connect().close()
        except psycopg2.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


def create_table():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS items (id serial PRIMARY KEY, name text NOT NULL)")


@app.get("/health")
def health():
    """Healthy as soon as its database is: the two may start at the same time."""
    create_table()
    return jsonify(status="ok")


@app.post("/items")
def add_item():
    name = (request.get_json(silent=True) or {}).get("name")
    if not isinstance(name, str) or not name:
        return jsonify(error='send {"name": "..."}'), 400
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO items (name) VALUES (%s) RETURNING id", (name,))
        item = cursor.fetchone()[0]
    return jsonify(id=item, name=name), 201


@app.get("/items")
def list_items():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, name FROM items ORDER BY id")
        rows = cursor.fetchall()
    return jsonify([{"id": row[0], "name": row[1]} for row in rows])


if __name__ == "__main__":
    serve(app, host="0.0.0.0", port=8000, threads=4)
