"""/api/orders/: products, orders, payments."""

from ccenter.office.rest import Router
from orders.api import delivery, exports, gifts, orders, payments, points, products, purchases, stock

router = Router()
router.register("orders", orders.Orders, basename="order")
router.register("order-exports", exports.OrderExports, basename="order-export")
router.register("product-exports", exports.ProductExports, basename="product-export")
router.register("stock-exports", exports.StockExports, basename="stock-export")
router.register("payments", payments.Payments, basename="payment")
router.register("returns", payments.Returns, basename="return")
router.register("invoices", payments.Invoices, basename="invoice")
router.register("carriers", delivery.Carriers, basename="carrier")
router.register("delivery-methods", delivery.Methods, basename="delivery-method")
router.register("delivery-fees", delivery.Fees, basename="delivery-fee")
router.register("review-rules", delivery.Rules, basename="review-rules")
router.register("products", products.Products, basename="product")
router.register("product-categories", products.Categories, basename="product-category")
router.register("product-attributes", products.Attributes, basename="product-attribute")
router.register("stock", stock.Stocks, basename="stock")
router.register("stock-moves", stock.Moves, basename="stock-move")
router.register("reservations", stock.Reservations, basename="reservation")
router.register("gift-rules", gifts.GiftRules, basename="gift-rule")
router.register("earning-rules", points.EarningRules, basename="earning-rule")
router.register("point-terms", points.Terms, basename="point-terms")
router.register("point-levels", points.Levels, basename="point-level")
router.register("point-exchanges", points.Exchanges, basename="point-exchange")
router.register("points", points.Accounts, basename="points")
router.register("point-entries", points.Entries, basename="point-entry")
router.register("suppliers", purchases.Suppliers, basename="supplier")
router.register("supplier-products", purchases.SupplierProducts, basename="supplier-product")
router.register("purchases", purchases.Purchases, basename="purchase")

urlpatterns = router.urls
