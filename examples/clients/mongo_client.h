// The few calls of libmongoc the examples need.
#pragma once

#include <mongoc/mongoc.h>

#include <memory>
#include <stdexcept>
#include <string>

class MongoClient {
 public:
  /// Uses the database the URL names.
  explicit MongoClient(const std::string& url)
      : started_(start()),
        uri_(mongoc_uri_new(url.c_str()), &mongoc_uri_destroy),
        client_(mongoc_client_new_from_uri(uri_.get()), &mongoc_client_destroy) {}

  void insert(const std::string& collection, const std::string& json) {
    const auto document = parse(json);
    const auto handle = open(collection);
    bson_error_t error;
    if (!mongoc_collection_insert_one(handle.get(), document.get(), nullptr, nullptr, &error))
      throw std::runtime_error(error.message);
  }

  long count(const std::string& collection, const std::string& filter = "{}") {
    const auto document = parse(filter);
    const auto handle = open(collection);
    bson_error_t error;
    const auto found =
        mongoc_collection_count_documents(handle.get(), document.get(), nullptr, nullptr, nullptr, &error);
    if (found < 0) throw std::runtime_error(error.message);
    return static_cast<long>(found);
  }

 private:
  struct DestroyDocument {
    void operator()(bson_t* document) const { bson_destroy(document); }
  };
  using Document = std::unique_ptr<_bson_t, DestroyDocument>;
  using Collection = std::unique_ptr<mongoc_collection_t, decltype(&mongoc_collection_destroy)>;

  static bool start() {
    // FerretDB has no endSessions, which the driver would warn about at every close.
    static const bool once = (mongoc_init(), mongoc_log_set_handler(nullptr, nullptr), true);
    return once;
  }
  static Document parse(const std::string& json) {
    bson_error_t error;
    bson_t* const document = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()),
                                                static_cast<ssize_t>(json.size()), &error);
    if (document == nullptr) throw std::runtime_error(error.message);
    return Document(document);
  }
  Collection open(const std::string& collection) {
    return Collection(
        mongoc_client_get_collection(client_.get(), mongoc_uri_get_database(uri_.get()), collection.c_str()),
        &mongoc_collection_destroy);
  }

  bool started_;
  std::unique_ptr<mongoc_uri_t, decltype(&mongoc_uri_destroy)> uri_;
  std::unique_ptr<mongoc_client_t, decltype(&mongoc_client_destroy)> client_;
};
